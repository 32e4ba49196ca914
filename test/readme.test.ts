// What the README promises is tried: its examples, the flags and names it tells of, the commands it gives.
import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { load } from 'js-yaml';
import t from 'tap';
import { RECONCILER_COMMAND } from '../reconciler/config.ts';
import { RELEASED_CONDITION } from '../shared/allocation.ts';
import { egressIPAMOf, egressIPsText, requestedIPs } from '../shared/annotation.ts';
import { DEFAULT_REUSE_GRACE_PERIOD, parseEgressIPAM } from '../shared/egressipam.ts';
import type { EgressIPAMObject, NamespaceObject } from '../shared/kinds.ts';
import { WEBHOOK_COMMAND } from '../webhook/config.ts';
import { BENCH_COMMAND } from './bench/config.ts';
import { PARTS } from './bench/parts.ts';
import { DEMO_COMMAND } from './demo/config.ts';
import { find } from './manifests/read.ts';
import { compileSchema } from './sandbox/kube/schema.ts';

const ROOT = resolve(import.meta.dirname, '..');
const README = readFileSync(resolve(ROOT, 'README.md'), 'utf8');
const examples = [...README.matchAll(/```yaml\n([\s\S]*?)```/g)].map(
  ([, yaml]) => load(yaml ?? '') as object,
);
const egressIPAM = examples.find((it) => 'kind' in it && it.kind === 'EgressIPAM') as EgressIPAMObject;
const namespaces = examples.filter((it) => 'kind' in it && it.kind === 'Namespace') as NamespaceObject[];

t.test('the EgressIPAM of the README is valid', async (t) => {
  const parsed = parseEgressIPAM(egressIPAM);
  t.ok(parsed.ok);
  const crd = find('CustomResourceDefinition', 'egressipams.redhatcop.redhat.io');
  const schema = compileSchema(crd.spec.versions[0].schema.openAPIV3Schema);
  const copy = structuredClone(egressIPAM);
  t.same(schema.prune(copy as never), [], 'no unknown field');
  t.same(schema.validate(copy as never), []);
});

t.test('the namespaces of the README opt in to it, one with a complete list', async (t) => {
  const parsed = parseEgressIPAM(egressIPAM);
  if (!parsed.ok) return t.fail('the EgressIPAM is invalid');
  t.same(
    namespaces.map((namespace) => egressIPAMOf(namespace)),
    [egressIPAM.metadata.name, egressIPAM.metadata.name],
  );
  const [text] = namespaces.flatMap((namespace) => egressIPsText(namespace) ?? []);
  const requested = requestedIPs(text ?? '', parsed.value);
  t.ok(requested.ok);
  t.equal(requested.ok ? requested.value.size : 0, parsed.value.pools.length);
});

t.test('every field of the EgressIPAM is explained, and the default is the one in force', async (t) => {
  const crd = find('CustomResourceDefinition', 'egressipams.redhatcop.redhat.io');
  const { spec } = crd.spec.versions[0].schema.openAPIV3Schema.properties;
  for (const field of Object.keys(spec.properties)) t.match(README, `\`${field}`, field);
  t.match(README, `default \`${DEFAULT_REUSE_GRACE_PERIOD / 60_000}m\``);
});

t.test('every flag of the README exists', async (t) => {
  const known = new Set(
    [RECONCILER_COMMAND, WEBHOOK_COMMAND, DEMO_COMMAND, BENCH_COMMAND].flatMap(({ flags }) =>
      Object.keys(flags),
    ),
  );
  // Flags of other people's programs.
  for (const other of ['help', 'dry-run', 'request-timeout', 'all', 'ignore-not-found']) known.add(other);
  const told = [...README.matchAll(/`[^`]*?--([a-z][a-z-]+)/g)].map(([, name]) => name ?? '');
  t.ok(told.length > 10);
  for (const name of told) t.ok(known.has(name), `--${name}`);
});

t.test('every part of the benchmarks is in the README, and no other', async (t) => {
  const told = new Set([...README.matchAll(/^\| `([a-z]+)` \|.*\|.*\|.*\|$/gm)].map(([, name]) => name));
  t.strictSame([...told], Object.keys(PARTS));
});

t.test('every npm script of the README exists', async (t) => {
  const { scripts } = JSON.parse(readFileSync(resolve(ROOT, 'package.json'), 'utf8')) as { scripts: object };
  const told = [...README.matchAll(/npm (?:run )?(start|test|webhook|reconciler|sandbox|e2e|bench|soak)\b/g)];
  t.ok(told.length > 3);
  for (const [, name = ''] of told) t.ok(name in scripts, name);
});

t.test('every reason of a condition or an event is explained', async (t) => {
  const files = globSync('{shared,reconciler}/**/*.ts', { cwd: ROOT });
  const code = files.map((file) => readFileSync(resolve(ROOT, file), 'utf8')).join('\n');
  const reasons = new Set(
    [...code.matchAll(/(?:reason(?: =|:)|'(?:Warning|Normal)',) '([A-Z]\w+)'/g)].map(
      ([, reason]) => reason ?? '',
    ),
  );
  reasons.delete(RELEASED_CONDITION);
  t.ok(reasons.size > 20);
  for (const reason of reasons) t.ok(README.includes(`\`${reason}\``), reason);
});
