// The same through kubectl: what people type and what it prints.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import t from 'tap';
import type { NamespaceObject } from '../../shared/kinds.ts';
import { startCluster } from './cluster.ts';
import { createEgressIPAM, egressIPAM, zonedSpec } from './egressipams.ts';
import { egressIPsOf, namespace, untilLeavesFrom } from './namespaces.ts';
import { rightsSuffice } from './rights.ts';

const run = promisify(execFile);
const EGRESSIPAM = 'e2e-kubectl';

const version = await run('kubectl', ['version', '--client']).catch(() => undefined);
if (version !== undefined) await tell();
else t.test('what kubectl prints', { skip: 'kubectl is not on the PATH' }, async () => {});

async function tell(): Promise<void> {
  const cluster = await startCluster({ platform: 'aws', nodes: 3 });
  t.teardown(() => cluster.stop());
  await createEgressIPAM(cluster, EGRESSIPAM, zonedSpec(cluster, 14));

  /** Standard output of kubectl; rejects with what it printed when it fails. */
  const kubectl = async (args: readonly string[], input?: object): Promise<string> => {
    const running = run('kubectl', ['--kubeconfig', cluster.kubeconfig, ...args]);
    running.child.stdin?.end(input === undefined ? '' : JSON.stringify(input));
    return (await running).stdout;
  };

  t.test('create prints the namespace with its IPs; get and describe show them', async (t) => {
    const object = namespace({ name: 'e2e-typed' }, { egressIPAM: EGRESSIPAM });
    const created = JSON.parse(await kubectl(['create', '-f', '-', '-o', 'json'], object)) as NamespaceObject;
    const ips = egressIPsOf(created);
    t.equal(ips.length, cluster.zones.length);
    t.match(await kubectl(['get', 'namespace', 'e2e-typed', '-o', 'yaml']), `egressips: ${ips.join()}`);
    await untilLeavesFrom(cluster, 'e2e-typed', ips);
    t.match(await kubectl(['describe', 'namespace', 'e2e-typed']), `egressips: ${ips.join()}`);
  });

  t.test('an invalid list is refused with its sentence', async (t) => {
    const object = namespace({ name: 'e2e-mistyped' }, { egressIPAM: EGRESSIPAM, egressIPs: '10.0.0.300' });
    const failed = await kubectl(['create', '-f', '-'], object).then(
      () => undefined,
      (error: unknown) => error as { stderr?: string },
    );
    t.match(failed?.stderr, '"10.0.0.300" is not an IPv4 address');
  });

  t.test(
    'a pool and a namespace in one manifest are applied at the first try, and again without a change',
    async (t) => {
      const name = 'e2e-applied';
      const items = [egressIPAM(name, zonedSpec(cluster, 15)), namespace({ name }, { egressIPAM: name })];
      const manifest = { apiVersion: 'v1', kind: 'List', items };
      await kubectl(['apply', '-f', '-'], manifest);
      const stored = async () =>
        egressIPsOf(JSON.parse(await kubectl(['get', 'namespace', name, '-o', 'json'])) as NamespaceObject);
      const ips = await stored();
      t.equal(ips.length, cluster.zones.length);
      await kubectl(['wait', '--for=condition=Ready', `egressipam/${name}`]);
      for (const again of [
        ['apply', '-f', '-'],
        ['apply', '--server-side', '--force-conflicts', '--field-manager=gitops', '-f', '-'],
        ['replace', '-f', '-'],
      ]) {
        await kubectl(again, items[1]);
        t.strictSame(await stored(), ips, again.join(' '));
      }
      await untilLeavesFrom(cluster, name, ips);
    },
  );

  t.test('a dry run by the server shows IPs', async (t) => {
    const object = namespace({ name: 'e2e-tried' }, { egressIPAM: EGRESSIPAM });
    const shown = await kubectl(['create', '-f', '-', '--dry-run=server', '-o', 'json'], object);
    t.equal(egressIPsOf(JSON.parse(shown) as NamespaceObject).length, cluster.zones.length);
  });

  t.test('get shows EgressIPAMs and allocations in columns', async (t) => {
    const [header = '', row = ''] = (await kubectl(['get', 'egressipams', EGRESSIPAM])).split('\n');
    t.match(header, /^NAME +TOPOLOGY +READY +REASON +ALLOCATED +FREE +AGE$/);
    t.match(row, /^e2e-kubectl +topology\.kubernetes\.io\/zone +True +Served +3 /);
    const [titles = '', ...rows] = (await kubectl(['get', 'eipa'])).trim().split('\n');
    t.match(titles, /^NAME +EGRESSIPAM +NAMESPACE +NODE +PHASE +AGE/);
    t.ok(
      rows.some((line) => line.includes('e2e-typed') && line.includes('Bound')),
      rows.join(' | '),
    );
    t.match(await kubectl(['describe', 'egressipam', EGRESSIPAM]), 'Last Transition Time');
  });

  rightsSuffice(t, cluster);
}
