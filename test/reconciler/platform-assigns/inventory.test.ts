import t from 'tap';
import { EGRESS_IPCONFIG_ANNOTATION } from '../../../reconciler/platform.ts';
import { platformAssignments, platformInventory } from '../../../reconciler/platform-assigns/inventory.ts';
import { formatCidr, formatIPv4, formatRange, parseIPv4 } from '../../../shared/ip.ts';
import type { Condition, NodeObject } from '../../../shared/kinds.ts';
import type { HostSubnetFact } from '../../../shared/plan/world.ts';
import { addressesIn, ip } from '../../shared/plan/cluster.ts';

function node(name: string, config: unknown): NodeObject {
  const text = typeof config === 'string' ? config : JSON.stringify(config);
  const annotations = config === undefined ? {} : { [EGRESS_IPCONFIG_ANNOTATION]: text };
  return { metadata: { name, uid: name, resourceVersion: '1', annotations } };
}

function config(capacity: object, ipv4: string): object[] {
  return [{ interface: 'eni-1', ifaddr: { ipv4 }, capacity }];
}

function hostSubnet(name: string, ...egressIPs: string[]): [string, HostSubnetFact] {
  const ips = addressesIn(egressIPs);
  return [
    name,
    { node: name, resourceVersion: '1', hostIP: ip('10.0.1.201'), egressIPs, egressCIDRs: [], ips },
  ];
}

t.test('capacity and subnet are what the platform says, use is what the HostSubnet says', async (t) => {
  const nodes = [node('n1', config({ ipv4: 9, ipv6: 15 }, '10.0.1.0/24'))];
  const hosts = new Map([hostSubnet('n1', '10.0.1.11', '10.0.1.10')]);
  const inventory = platformInventory(nodes, hosts, 7);
  const host = inventory.hosts.get('n1');
  t.match(host, { interfaceId: 'n1/eni-1', slots: 9, primary: ip('10.0.1.201') });
  t.same(host?.secondary.map(formatIPv4), ['10.0.1.10', '10.0.1.11']);
  t.equal(inventory.holders.get(ip('10.0.1.10')), 'n1/eni-1');
  t.same(inventory.subnets.map(formatCidr), ['10.0.1.0/24']);
  t.same(inventory.kept.map(formatRange), ['10.0.1.0-10.0.1.3', '10.0.1.255']);
  t.equal(inventory.observedAt, 7);
});

t.test(
  'each node has an interface of its own, also where the cloud calls all of them the same',
  async (t) => {
    const nic0 = [{ interface: 'nic0', ifaddr: { ipv4: '10.0.1.0/24' }, capacity: { ip: 9 } }];
    const hostSubnets = new Map([hostSubnet('n1', '10.0.1.10'), hostSubnet('n2', '10.0.1.11')]);
    const { hosts, holders } = platformInventory([node('n1', nic0), node('n2', nic0)], hostSubnets, 0);
    t.equal(holders.get(ip('10.0.1.10')), hosts.get('n1')?.interfaceId);
    t.equal(holders.get(ip('10.0.1.11')), hosts.get('n2')?.interfaceId);
    t.not(hosts.get('n1')?.interfaceId, hosts.get('n2')?.interfaceId);
  },
);

t.test('some clouds write the capacity of both families together', async (t) => {
  const { hosts } = platformInventory([node('n1', config({ ip: 4 }, '10.0.1.0/24'))], new Map(), 0);
  t.equal(hosts.get('n1')?.slots, 4);
});

t.test('a node without a HostSubnet has a place and hosts nothing', async (t) => {
  const { hosts } = platformInventory([node('n1', config({ ipv4: 9 }, '10.0.1.0/24'))], new Map(), 0);
  t.same(hosts.get('n1')?.secondary, []);
});

t.test('a node whose annotation is missing or cannot be read is unknown, and no other', async (t) => {
  const broken: Record<string, unknown> = {
    missing: undefined,
    'no JSON': '{',
    empty: [],
    'no subnet': [{ interface: 'eni-1', capacity: { ipv4: 9 } }],
    'no address': config({ ipv4: 9 }, 'fd00::/64'),
    'no capacity': config({}, '10.0.1.0/24'),
    'no number': config({ ipv4: '9' }, '10.0.1.0/24'),
    negative: config({ ipv4: -1 }, '10.0.1.0/24'),
    'no interface': [{ ifaddr: { ipv4: '10.0.1.0/24' }, capacity: { ipv4: 9 } }],
    'not a list': 'null',
  };
  const nodes = Object.entries(broken).map(([name, it]) => node(name, it));
  const inventory = platformInventory(
    [...nodes, node('fine', config({ ipv4: 9 }, '10.0.1.0/24'))],
    new Map(),
    0,
  );
  t.same([...inventory.unknownNodes.keys()], Object.keys(broken));
  t.same([...inventory.hosts.keys()], ['fine']);
  t.match(inventory.unknownNodes.get('missing'), /^it has no annotation /);
  t.match(inventory.unknownNodes.get('empty'), /cannot be read$/);
});

t.test('an IP is assigned when its CloudPrivateIPConfig says so, or says why not', async (t) => {
  const about = (name: string, status?: Condition['status'], message = '') => ({
    metadata: { name, uid: name, resourceVersion: '1' },
    ...(status === undefined
      ? {}
      : {
          status: {
            conditions: [{ type: 'Assigned', status, reason: 'r', message, lastTransitionTime: '' }],
          },
        }),
  });
  const configs = [
    about('10.0.1.10', 'True', 'IP address successfully added'),
    about('10.0.1.11', 'False', 'Error: it is full'),
    about('10.0.1.12', 'Unknown', 'adding'),
    about('10.0.1.13'),
    about('fd00..1', 'True'),
  ];
  const assignments = platformAssignments(configs, parseIPv4);
  t.same(
    [...assignments].map(([address, it]) => [formatIPv4(address), it.isAssigned, it.refusal]),
    [
      ['10.0.1.10', true, undefined],
      ['10.0.1.11', false, 'Error: it is full'],
      ['10.0.1.12', false, undefined],
      ['10.0.1.13', false, undefined],
    ],
  );
});
