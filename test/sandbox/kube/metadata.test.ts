import t from 'tap';
import {
  finalizerWarnings,
  generatedName,
  metadataChangeFaults,
  metadataFaults,
  timestamp,
} from './metadata.ts';
import type { Metadata } from './object.ts';

function faults(metadata: Metadata, rule: Parameters<typeof metadataFaults>[1] = 'subdomain'): string[] {
  const object = { kind: 'Thing', apiVersion: 'v1', metadata };
  return metadataFaults(object, rule, 'builtin').map(({ field, message }) => `${field}: ${message}`);
}

t.test('a generated name is its base and five characters, and never too long', async (t) => {
  t.match(generatedName('team-'), /^team-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  t.equal(generatedName('x'.repeat(80)).length, 63);
  const names = new Set(Array.from({ length: 100 }, () => generatedName('a-')));
  t.ok(names.size > 95, 'and another one each time');
});

t.test('times have whole seconds', async (t) => {
  t.equal(timestamp(new Date('2026-11-22T07:09:05.999Z')), '2026-11-22T07:09:05Z');
});

t.test('names follow the rule of their kind', async (t) => {
  t.same(faults({ name: '10.0.128.7' }), []);
  t.same(faults({ name: 'team-a' }, 'label'), []);
  t.same(faults({ name: 'system:discovery' }, 'path'), []);
  t.same(faults({}), ['metadata.name: Required value: name or generateName is required']);
  t.same(faults({ generateName: 'a-' }), []);
  t.same(faults({ generateName: 'a-', name: 'a-x' }, 'label'), []);
  t.match(faults({ generateName: 'A-', name: 'A-x' }, 'label'), [
    'metadata.generateName: Invalid value: "A-": a lowercase RFC 1123 label must',
    'metadata.name: Invalid value: "A-x": a lowercase RFC 1123 label must',
  ]);
  t.match(
    faults({ name: 'Team' })[0],
    'Invalid value: "Team": a lowercase RFC 1123 subdomain must consist of',
  );
  t.match(faults({ name: 'a.b' }, 'label')[0], 'a lowercase RFC 1123 label must consist of');
  t.match(faults({ name: '1a' }, 'label1035')[0], 'a DNS-1035 label must consist of');
  t.same(faults({ name: 'a/b' }, 'path'), [`metadata.name: Invalid value: "a/b": may not contain '/'`]);
  t.same(faults({ name: 'x'.repeat(64) }, 'label'), [
    `metadata.name: Invalid value: "${'x'.repeat(64)}": must be no more than 63 characters`,
  ]);
});

t.test('labels, annotations and finalizers are checked', async (t) => {
  t.same(faults({ name: 'a', labels: { 'example.com/x': 'y', empty: '' } }), []);
  t.match(
    faults({ name: 'a', labels: { 'a b': '' } })[0],
    'metadata.labels: Invalid value: "a b": name part must',
  );
  t.match(
    faults({ name: 'a', labels: { x: '-' } })[0],
    'a valid label must be an empty string or consist of',
  );
  t.match(faults({ name: 'a', annotations: { '/x': '' } })[0], 'prefix part must be non-empty');
  t.same(faults({ name: 'a', annotations: { Upper: 'anything at all' } }), []);
  const huge = { name: 'a', annotations: { x: 'y'.repeat(262_144) } };
  t.same(faults(huge), ['metadata.annotations: Too long: may not be more than 262144 bytes']);
  t.same(faults({ name: 'a', finalizers: ['example.com/x', 'orphan'] }), []);
  t.match(
    faults({ name: 'a', finalizers: ['mine'] })[0],
    'neither a standard finalizer name nor is it fully qualified',
  );
});

t.test('owners are named in full, and one at most controls', async (t) => {
  const owner = { apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'u', controller: true };
  t.same(faults({ name: 'a', ownerReferences: [owner, { ...owner, name: 'm', controller: false }] }), []);
  t.same(faults({ name: 'a', ownerReferences: [{ kind: 'Node', name: 'n' }] }), [
    'metadata.ownerReferences.apiVersion: Invalid value: "": version must not be empty',
    'metadata.ownerReferences.uid: Invalid value: "": must not be empty',
  ]);
  t.match(
    faults({ name: 'a', ownerReferences: [owner, { ...owner, name: 'm' }] })[0],
    'Only one reference can have Controller set to true. Found "true" in references for Node/n and Node/m',
  );
});

t.test('a finalizer without a domain is a warning on custom resources', async (t) => {
  const object = {
    kind: 'T',
    apiVersion: 'v1',
    metadata: { name: 'a', finalizers: ['EgressIPAM_controller'] },
  };
  t.same(metadataFaults(object, 'subdomain', 'custom'), []);
  t.match(finalizerWarnings(object.metadata)[0], 'prefer a domain-qualified finalizer name');
  t.same(finalizerWarnings({ finalizers: ['example.com/x'] }), []);
});

t.test('an object that is being deleted gets no new finalizers', async (t) => {
  const before = { deletionTimestamp: '2026-11-22T07:09:05Z', finalizers: ['example.com/a'] };
  const message =
    'Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"example.com/b"}';
  t.same(metadataChangeFaults(before, { finalizers: ['example.com/a', 'example.com/b'] }), [
    { reason: 'FieldValueForbidden', message, field: 'metadata.finalizers' },
  ]);
  t.same(metadataChangeFaults(before, { finalizers: [] }), []);
  t.same(metadataChangeFaults({}, { finalizers: ['example.com/b'] }), []);
});
