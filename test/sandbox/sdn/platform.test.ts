// What SDN and cloud network config controller do next where the platform assigns.
import t from 'tap';
import type { CloudPrivateIPConfigObject, PlatformView, PlatformWork } from './platform.ts';
import { assignedCondition, CONFIG_FINALIZER, MAX_RETRIES, platformWork } from './platform.ts';
import { judge } from './verdict.ts';

type Lists = Readonly<Record<string, readonly string[]>>;

function verdictsOf(hosted: Lists, listed: Lists): PlatformView['ips'] {
  const objects = (lists: Lists) =>
    Object.entries(lists).map(([name, egressIPs]) => ({ metadata: { name }, egressIPs }));
  return judge({ hostSubnets: objects(hosted), netNamespaces: objects(listed), offline: new Set() }).ips;
}

function config(ip: string, node: string, assigned: 'success' | 'error' | 'none', deleted = false) {
  const conditions =
    assigned === 'none' ? [] : [assignedCondition(assigned, '', new Date('2026-01-01T00:00:00Z'), 1)];
  const object: CloudPrivateIPConfigObject = {
    metadata: {
      name: ip,
      uid: `uid-${ip}`,
      resourceVersion: '1',
      finalizers: [CONFIG_FINALIZER],
      ...(deleted ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    spec: { node },
    status: { node, conditions },
  };
  return object;
}

function described(work: PlatformWork): string {
  switch (work.kind) {
    case 'annotate':
      return `annotate ${work.node}`;
    case 'createConfig':
      return `create ${work.ip} for ${work.node}`;
    case 'deleteConfig':
      return `delete ${work.ip}`;
    case 'assign':
      return `assign ${work.config.metadata.name} to ${work.node}`;
    case 'unassign':
      return `unassign ${work.config.metadata.name}`;
  }
}

const IP = '10.0.128.20';
const HOSTED = verdictsOf({ n1: [IP] }, { a: [IP] });

function actions(view: Partial<PlatformView>): string[] {
  const nothing = { nodes: [], annotations: new Map(), ips: new Map(), configs: [], failures: new Map() };
  return platformWork({ ...nothing, ...view }).map(described);
}

t.test(
  'an IP that a node and a namespace claim gets its config, then its address, then nothing more',
  async (t) => {
    t.strictSame(actions({ ips: HOSTED }), [`create ${IP} for n1`]);
    t.strictSame(actions({ ips: HOSTED, configs: [config(IP, 'n1', 'none')] }), [`assign ${IP} to n1`]);
    t.strictSame(actions({ ips: HOSTED, configs: [config(IP, 'n1', 'success')] }), []);
  },
);

t.test('an IP that only one of them claims gets none', async (t) => {
  t.strictSame(actions({ ips: verdictsOf({ n1: [IP] }, {}) }), []);
  t.strictSame(actions({ ips: verdictsOf({}, { a: [IP] }) }), []);
});

t.test('a failed assignment is tried again fifteen times', async (t) => {
  const configs = [config(IP, 'n1', 'error')];
  const after = (count: number) =>
    actions({ ips: HOSTED, configs, failures: new Map([[`uid-${IP}`, count]]) });
  t.strictSame(after(MAX_RETRIES), [`assign ${IP} to n1`]);
  t.strictSame(after(MAX_RETRIES + 1), []);
});

t.test('a move is a deletion first, and a creation once the address is off', async (t) => {
  const ips = verdictsOf({ n2: [IP] }, { a: [IP] });
  t.strictSame(actions({ ips, configs: [config(IP, 'n1', 'success')] }), [`delete ${IP}`]);
  t.strictSame(actions({ ips, configs: [config(IP, 'n1', 'success', true)] }), [`unassign ${IP}`]);
  t.strictSame(actions({ ips }), [`create ${IP} for n2`]);
});

t.test('a config that nobody needs any more goes', async (t) => {
  t.strictSame(actions({ configs: [config(IP, 'n1', 'success')] }), [`delete ${IP}`]);
});

t.test('nodes are told their limits, once', async (t) => {
  const node = { metadata: { name: 'n1', uid: '', resourceVersion: '1' } };
  const annotations = new Map([['n1', '[]']]);
  t.strictSame(actions({ nodes: [node], annotations }), ['annotate n1']);
  const told = { ...node.metadata, annotations: { 'cloud.network.openshift.io/egress-ipconfig': '[]' } };
  t.strictSame(actions({ nodes: [{ metadata: told }], annotations }), []);
});
