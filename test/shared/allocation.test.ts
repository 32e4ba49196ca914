// What a stored EgressIPAllocation says, and the objects by which one is claimed and retaken.
import t from 'tap';
import { claimObject, parseAllocation, retakenObject } from '../../shared/allocation.ts';
import { formatIPv4, parseIPv4, toIPv4 } from '../../shared/ip.ts';
import type { AllocationObject } from '../../shared/kinds.ts';
import { EXPLICIT_ANNOTATION, FINALIZER } from '../../shared/names.ts';

const IP = parseIPv4('10.0.128.7') ?? toIPv4(0);
const SPEC = {
  ip: IP,
  egressIPAM: 'blue',
  cidr: '10.0.128.0/20',
  namespace: 'a',
  origin: 'automatic' as const,
};

function stored(
  change: Partial<AllocationObject> = {},
  metadata: Partial<AllocationObject['metadata']> = {},
): AllocationObject {
  return {
    metadata: { name: '10.0.128.7', uid: 'u', resourceVersion: '9', ...metadata },
    spec: { egressIPAM: 'blue', cidr: '10.0.128.0/20', namespace: 'a', claim: 'token' },
    ...change,
  };
}

t.test('a fresh claim is Claimed and not ours', async (t) => {
  t.same(parseAllocation(stored()), {
    ip: IP,
    uid: 'u',
    resourceVersion: '9',
    egressIPAM: 'blue',
    cidr: '10.0.128.0/20',
    namespace: 'a',
    claim: 'token',
    phase: 'Claimed',
    ours: false,
    deleting: false,
    explicit: false,
    namespaceUID: undefined,
    node: undefined,
    interface: undefined,
    restingSince: undefined,
  });
});

t.test('from our finalizer on it is ours, also when somebody has asked to delete it', async (t) => {
  const status = { phase: 'Bound' as const, namespaceUID: 'n', node: 'n1', interface: 'eni-1' };
  const bound = parseAllocation(
    stored(
      { status },
      {
        finalizers: ['other', FINALIZER],
        deletionTimestamp: '2026-01-01T00:00:00Z',
        annotations: { [EXPLICIT_ANNOTATION]: 'true' },
      },
    ),
  );
  t.match(bound, {
    ours: true,
    deleting: true,
    explicit: true,
    phase: 'Bound',
    namespaceUID: 'n',
    node: 'n1',
    interface: 'eni-1',
  });
  t.match(parseAllocation(stored({}, { finalizers: ['other'] })), { ours: false });
});

t.test('it rests since its condition Released is True', async (t) => {
  const at = '2026-01-01T00:00:00Z';
  const released = (status: 'True' | 'False') => ({
    type: 'Released',
    status,
    reason: 'Released',
    message: '',
    lastTransitionTime: at,
  });
  t.match(parseAllocation(stored({ status: { phase: 'Resting', conditions: [released('True')] } })), {
    restingSince: at,
  });
  t.equal(
    parseAllocation(stored({ status: { phase: 'Resting', conditions: [released('False')] } }))?.restingSince,
    undefined,
  );
  t.equal(parseAllocation(stored({ status: { phase: 'Resting' } }))?.restingSince, undefined);
});

t.test('a name that is no canonical address stands for nothing', async (t) => {
  for (const name of ['', 'a', '10.0.128.07', '10.0.128.7.', 'fd00--1', '010.0.128.7']) {
    t.equal(parseAllocation(stored({}, { name })), undefined, name);
  }
});

t.test('an object without a spec says nothing, and does not crash', async (t) => {
  const bare = {
    metadata: { name: '10.0.128.7', uid: 'u', resourceVersion: '1' },
  } as unknown as AllocationObject;
  t.match(parseAllocation(bare), {
    namespace: '',
    claim: '',
    egressIPAM: '',
    cidr: '',
    phase: 'Claimed',
    ours: false,
  });
});

t.test('what is claimed is read back as claimed', async (t) => {
  const object = claimObject(SPEC, 'token') as AllocationObject;
  t.match(object, {
    apiVersion: 'redhatcop.redhat.io/v1alpha1',
    kind: 'EgressIPAllocation',
    metadata: { name: '10.0.128.7' },
  });
  t.equal(object.metadata.annotations, undefined);
  const parsed = parseAllocation({
    ...object,
    metadata: { ...object.metadata, uid: 'u', resourceVersion: '9' },
  });
  t.match(parsed, {
    namespace: 'a',
    egressIPAM: 'blue',
    cidr: '10.0.128.0/20',
    claim: 'token',
    explicit: false,
  });
  t.equal(formatIPv4(parsed?.ip ?? toIPv4(0)), '10.0.128.7');
  t.same((claimObject({ ...SPEC, origin: 'explicit' }, 'token') as AllocationObject).metadata.annotations, {
    [EXPLICIT_ANNOTATION]: 'true',
  });
});

t.test('a retaken claim has a new token and the resourceVersion that was read', async (t) => {
  const status = { phase: 'Resting' as const };
  const retaken = retakenObject(stored({ status }, { finalizers: [FINALIZER] }), SPEC, 'new token');
  t.match(retaken, {
    metadata: { resourceVersion: '9', uid: 'u', finalizers: [FINALIZER] },
    spec: { claim: 'new token', namespace: 'a' },
    status,
  });
});
