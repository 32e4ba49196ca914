// What OpenShift SDN does next, told as actions.
import t from 'tap';
import type { HostSubnetObject, NetNamespaceObject, NodeObject } from '../../../shared/kinds.ts';
import type { ClusterView, Upkeep } from './upkeep.ts';
import { offlineNodes, upkeep } from './upkeep.ts';

function meta(name: string) {
  return { name, uid: `uid-${name}`, resourceVersion: '1' };
}

function node(name: string, internalIP?: string, ready = 'True'): NodeObject {
  const addresses = internalIP === undefined ? [] : [{ type: 'InternalIP', address: internalIP }];
  return { metadata: meta(name), status: { addresses, conditions: [{ type: 'Ready', status: ready }] } };
}

function netNamespace(name: string, netid: number, egressIPs?: readonly string[]): NetNamespaceObject {
  return { metadata: meta(name), netname: name, netid, ...(egressIPs === undefined ? {} : { egressIPs }) };
}

function hostSubnet(name: string, parts: Partial<HostSubnetObject> = {}): HostSubnetObject {
  return { metadata: meta(name), host: name, hostIP: '192.168.0.1', subnet: '10.128.0.0/23', ...parts };
}

function described(action: Upkeep): string {
  switch (action.kind) {
    case 'createNetNamespace':
      return `create NetNamespace ${action.name} ${action.netid}`;
    case 'createHostSubnet':
      return `create HostSubnet ${action.name} ${action.hostIP} ${action.subnet}`;
    case 'patchHostSubnet':
      return `patch HostSubnet ${action.name} ${JSON.stringify(action.change)}`;
    case 'deleteNetNamespace':
      return `delete NetNamespace ${action.name} ${action.uid}`;
    case 'deleteHostSubnet':
      return `delete HostSubnet ${action.name} ${action.uid}`;
  }
}

function actions(view: Partial<ClusterView>): string[] {
  return upkeep({ namespaces: [], nodes: [], netNamespaces: [], hostSubnets: [], ...view }).map(described);
}

t.test('each namespace gets a NetNamespace with the next net ids, default the global one', async (t) => {
  const namespaces = ['b', 'a', 'c', 'default'].map((name) => ({ metadata: meta(name) }));
  t.strictSame(actions({ namespaces, netNamespaces: [netNamespace('c', 77)] }), [
    'create NetNamespace a 78',
    'create NetNamespace b 79',
    'create NetNamespace default 0',
  ]);
  const netNamespaces = ['a', 'b', 'c', 'default'].map((name, i) => netNamespace(name, i));
  t.strictSame(actions({ namespaces, netNamespaces }), []);
});

t.test('a NetNamespace goes with its namespace', async (t) => {
  const namespaces = [{ metadata: { ...meta('a'), deletionTimestamp: '2026-01-01T00:00:00Z' } }];
  const netNamespaces = [netNamespace('a', 10), netNamespace('b', 11)];
  t.strictSame(
    actions({ namespaces, netNamespaces }),
    ['delete NetNamespace b uid-b'],
    'not while it is Terminating',
  );
});

t.test('each node with an InternalIP gets a HostSubnet with a free subnet', async (t) => {
  const nodes = [node('n1', '192.168.0.1'), node('n2', '192.168.0.2'), node('n3'), node('n4', '192.168.0.4')];
  t.strictSame(actions({ nodes, hostSubnets: [hostSubnet('n1', { subnet: '10.128.2.0/23' })] }), [
    'create HostSubnet n2 192.168.0.2 10.128.0.0/23',
    'create HostSubnet n4 192.168.0.4 10.128.4.0/23',
  ]);
});

t.test('a HostSubnet follows the address of its node, and goes with it', async (t) => {
  const nodes = [node('n1', '192.168.0.9')];
  t.strictSame(actions({ nodes, hostSubnets: [hostSubnet('n1'), hostSubnet('n2')] }), [
    'patch HostSubnet n1 {"hostIP":"192.168.0.9"}',
    'delete HostSubnet n2 uid-n2',
  ]);
});

t.test('in automatic mode HostSubnets are filled, and only where something changes', async (t) => {
  const nodes = [node('n1', '192.168.0.1'), node('n2', '192.168.0.2')];
  const egressCIDRs = ['192.168.1.0/24'];
  const namespaces = [{ metadata: meta('a') }];
  const netNamespaces = [netNamespace('a', 10, ['192.168.1.5'])];
  const second = hostSubnet('n2', { hostIP: '192.168.0.2', subnet: '10.128.2.0/23', egressCIDRs });
  const hostSubnets = [hostSubnet('n1', { egressCIDRs }), second];
  const view = { nodes, namespaces, netNamespaces, hostSubnets };
  t.strictSame(actions(view), ['patch HostSubnet n1 {"egressIPs":["192.168.1.5"]}']);
  const settled = [hostSubnet('n1', { egressCIDRs, egressIPs: ['192.168.1.5'] }), second];
  t.strictSame(actions({ ...view, hostSubnets: settled }), []);
});

t.test('a node is offline when it is not Ready, also when nobody knows', async (t) => {
  const nodes = [
    node('n1', '192.168.0.1', 'False'),
    node('n2', '192.168.0.2', 'Unknown'),
    node('n3', '192.168.0.3'),
  ];
  t.strictSame([...offlineNodes([...nodes, { metadata: meta('n4') }])], ['n1', 'n2']);
});
