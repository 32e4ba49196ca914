import t from 'tap';
import {
  slimAllocation,
  slimHostSubnet,
  slimNamespace,
  slimNetNamespace,
} from '../../../shared/kube/slim.ts';

const EGRESSIPAM = 'egressip-ipam-operator.redhat-cop.io/egressipam';
const EGRESSIPS = 'egressip-ipam-operator.redhat-cop.io/egressips';
const EXPLICIT = 'egressip-ipam-operator.redhat-cop.io/explicit';

const known = { name: 'a', uid: 'uid-a', resourceVersion: '7' };
const metadata = {
  ...known,
  generation: 3,
  creationTimestamp: '2026-11-22T07:00:00Z',
  labels: { team: 'a' },
  managedFields: [{ manager: 'kubectl' }],
};

t.test('of a namespace its annotations for us are kept, and that it is being deleted', async (t) => {
  const annotations = { [EGRESSIPAM]: 'blue', [EGRESSIPS]: '10.0.1.20', note: 'long' };
  const deletionTimestamp = '2026-11-22T08:00:00Z';
  t.same(slimNamespace({ metadata: { ...metadata, annotations, deletionTimestamp }, status: {} }), {
    metadata: {
      ...known,
      deletionTimestamp,
      annotations: { [EGRESSIPAM]: 'blue', [EGRESSIPS]: '10.0.1.20' },
    },
  });
  t.same(slimNamespace({ metadata }), { metadata: known }, 'most have none');
});

t.test('of a NetNamespace and a HostSubnet everything about IPs is kept', async (t) => {
  const head = { apiVersion: 'network.openshift.io/v1', metadata };
  t.same(slimNetNamespace({ ...head, netname: 'a', netid: 5, egressIPs: ['10.0.1.20'] }), {
    metadata: known,
    netname: 'a',
    netid: 5,
    egressIPs: ['10.0.1.20'],
  });
  const spec = { host: 'a', hostIP: '10.0.0.1', subnet: '10.128.0.0/23', egressCIDRs: ['10.0.1.0/26'] };
  t.same(slimHostSubnet({ ...head, ...spec }), { metadata: known, ...spec });
});

t.test('of an allocation who holds it, where it stands and whose it is', async (t) => {
  const spec = { egressIPAM: 'blue', cidr: '10.0.1.0/26', namespace: 'a', claim: 'token' };
  const status = { phase: 'Bound', node: 'n1' } as const;
  const annotations = { [EXPLICIT]: 'true', note: 'long' };
  t.same(slimAllocation({ metadata: { ...metadata, annotations, finalizers: ['f'] }, spec, status }), {
    metadata: { ...known, annotations: { [EXPLICIT]: 'true' }, finalizers: ['f'] },
    spec,
    status,
  });
  t.same(slimAllocation({ metadata, spec }), { metadata: known, spec });
});
