// The sandbox's OpenShift kinds accept and reject what the real ones do.
import t from 'tap';
import { ApiError } from '../../shared/kube/client.ts';
import { HOST_SUBNETS, INFRASTRUCTURES, NET_NAMESPACES } from '../../shared/kube/resources.ts';
import { CRDS, openShiftCrds } from './crds.ts';
import { startKubeApi } from './kube/server.ts';
import { CLOUD_PRIVATE_IP_CONFIGS } from './sdn/platform.ts';

const api = await startKubeApi();
t.teardown(() => api.close());
for (const crd of await openShiftCrds()) await api.client.create(CRDS, crd);

/** `accepted`, or which fields are at fault. */
async function told(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'accepted';
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return `${error.status} ${error.message}`;
  }
}

let count = 0;
function named() {
  count += 1;
  return { metadata: { name: `n${count}` } };
}

t.test('HostSubnets', async (t) => {
  const good = { host: 'n1', hostIP: '10.0.128.10', subnet: '10.128.0.0/23' };
  const rows: readonly (readonly [object, string])[] = [
    [good, 'accepted'],
    [{ ...good, egressIPs: ['10.0.128.20'], egressCIDRs: ['10.0.128.0/20'] }, 'accepted'],
    [{ ...good, egressIPs: [] }, 'accepted'],
    [{ ...good, egressIPs: ['10.0.128.256'] }, 'egressIPs[0]'],
    [{ ...good, egressIPs: ['10.0.128.1', 'bad'] }, 'egressIPs[1]'],
    [{ ...good, egressIPs: '10.0.128.20' }, 'egressIPs'],
    [{ ...good, egressCIDRs: ['10.0.128.0'] }, 'egressCIDRs[0]'],
    [{ ...good, egressCIDRs: ['10.0.128.0/33'] }, 'egressCIDRs[0]'],
    [{ ...good, hostIP: 'fd00::1' }, 'hostIP'],
    [{ ...good, host: 'N1' }, 'host'],
    [{ host: 'n1', hostIP: '10.0.128.10' }, 'subnet'],
  ];
  for (const [body, expected] of rows) {
    t.match(await told(api.client.create(HOST_SUBNETS, { ...named(), ...body })), expected);
  }
});

t.test('NetNamespaces', async (t) => {
  const good = { netname: 'a', netid: 10 };
  const rows: readonly (readonly [object, string])[] = [
    [good, 'accepted'],
    [{ ...good, netid: 0, egressIPs: ['10.0.128.20'] }, 'accepted'],
    [{ ...good, netid: 16_777_216 }, 'netid'],
    [{ ...good, netid: -1 }, 'netid'],
    [{ ...good, netid: 'ten' }, 'netid'],
    [{ ...good, egressIPs: ['10.0.128.20/32'] }, 'egressIPs[0]'],
    [{ netname: 'a' }, 'netid'],
    [{ netid: 10 }, 'netname'],
  ];
  for (const [body, expected] of rows) {
    t.match(await told(api.client.create(NET_NAMESPACES, { ...named(), ...body })), expected);
  }
});

t.test('CloudPrivateIPConfigs', async (t) => {
  const create = (name: string) =>
    told(api.client.create(CLOUD_PRIVATE_IP_CONFIGS, { metadata: { name }, spec: { node: 'n1' } }));
  t.equal(await create('10.0.128.20'), 'accepted');
  t.match(
    await told(api.client.create(CLOUD_PRIVATE_IP_CONFIGS, { metadata: { name: '10.0.0.1' } })),
    'spec',
  );
  const status = { conditions: [{ type: 'Assigned', status: 'Maybe', reason: '', message: '' }] };
  const patched = api.client.patch(
    CLOUD_PRIVATE_IP_CONFIGS,
    '10.0.128.20',
    'application/merge-patch+json',
    { status },
    { subresource: 'status' },
  );
  const refusal = await told(patched);
  for (const field of ['status.conditions[0].status', 'reason', 'lastTransitionTime'])
    t.match(refusal, field);
});

t.test('the Infrastructure knows the platforms that OpenShift knows', async (t) => {
  const create = (type: string) =>
    told(api.client.create(INFRASTRUCTURES, { ...named(), spec: { platformSpec: { type } } }));
  for (const type of ['AWS', 'BareMetal', 'None', 'VSphere', '']) t.equal(await create(type), 'accepted');
  t.match(await create('aws'), 'spec.platformSpec.type');
  t.match(await told(api.client.create(INFRASTRUCTURES, named())), 'spec');
});
