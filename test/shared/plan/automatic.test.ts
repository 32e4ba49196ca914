// Bare metal. With one CIDR the SDN places: we only say which nodes offer it. With several we place
// ourselves, and no node is in both modes.
import t from 'tap';
import type { Tale } from './build.ts';
import { cluster } from './build.ts';
import { notices } from './run.ts';
import { check } from './table.ts';

const offers = (cidrs: readonly string[], zone = 'a') => ({ zone, egressCIDRs: cidrs });
const ONE = '10.0.1.0/24';

t.test('with one CIDR, the nodes offer it first, then the NetNamespace lists the IP', async (t) => {
  check(t, [
    {
      title: 'grant',
      tale: { cloud: 'none', namespaces: { a: ['10.0.1.10'] }, allocations: { '10.0.1.10': { for: 'a' } } },
      steps: [
        'HostSubnet n1: set egressCIDRs to [10.0.1.0/24]',
        'HostSubnet n2: set egressCIDRs to [10.0.1.0/24]',
        'bind 10.0.1.10 to namespace a',
        'NetNamespace a: add 10.0.1.10',
        'record 10.0.1.10 on node n1',
      ],
      traffic: ['a active from 10.0.1.10'],
    },
    {
      title: 'revoke: off the NetNamespace, and the SDN takes it off the HostSubnet',
      tale: {
        cloud: 'none',
        nodes: { n1: offers([ONE]), n2: offers([ONE]) },
        namespaces: { a: { egressIPAM: 'none' } },
        serves: [['a', '10.0.1.10', 'n1']],
      },
      steps: ['begin to release 10.0.1.10', 'NetNamespace a: remove 10.0.1.10', 'let 10.0.1.10 rest'],
      traffic: ['a node'],
    },
    {
      title: 'change: one patch',
      tale: {
        cloud: 'none',
        nodes: { n1: offers([ONE]), n2: offers([ONE]) },
        namespaces: { a: ['10.0.1.11'] },
        serves: [['a', '10.0.1.10', 'n1']],
        allocations: { '10.0.1.11': { for: 'a' } },
      },
      steps: [
        'bind 10.0.1.11 to namespace a',
        'begin to release 10.0.1.10',
        'NetNamespace a: add 10.0.1.11, remove 10.0.1.10',
        'record 10.0.1.11 on node n1',
        'let 10.0.1.10 rest',
      ],
      traffic: ['a active from 10.0.1.11'],
    },
    {
      title: 'a node fails: the SDN moves the IP, we write down where it is',
      tale: {
        cloud: 'none',
        nodes: { n1: { ...offers([ONE]), notReadyFor: 1000 }, n2: offers([ONE]) },
        namespaces: { a: ['10.0.1.10'] },
        serves: [['a', '10.0.1.10', 'n1']],
      },
      steps: ['record 10.0.1.10 on node n2'],
      traffic: ['a active from 10.0.1.10'],
    },
    {
      title: 'nobody who is Ready offers the CIDR: the IP is not listed, and the namespace is told',
      tale: {
        cloud: 'none',
        nodes: { n1: { ...offers([ONE]), notReadyFor: 1000 } },
        namespaces: { a: ['10.0.1.10'] },
        allocations: { '10.0.1.10': { for: 'a', phase: 'Bound' } },
      },
      steps: [],
      told: ['NoHost about a'],
      traffic: ['a node'],
    },
    {
      title: 'everything is as it should be',
      tale: {
        cloud: 'none',
        nodes: { n1: offers([ONE]), n2: offers([ONE]) },
        namespaces: { a: ['10.0.1.10'] },
        serves: [['a', '10.0.1.10', 'n1']],
      },
      steps: [],
    },
  ]);
});

t.test('which nodes offer a CIDR', async (t) => {
  const empty = { cloud: 'none' } as const;
  const selected = { pool: { cidrs: { [ONE]: 'a' }, nodeSelector: { matchLabels: { egress: 'yes' } } } };
  const yes = { labels: { egress: 'yes' } };
  check(t, [
    {
      title: 'selected ones',
      tale: {
        ...empty,
        egressIPAMs: selected,
        nodes: { n1: { zone: 'a', ...yes }, n2: 'a', n3: { zone: 'b', ...yes } },
      },
      steps: ['HostSubnet n1: set egressCIDRs to [10.0.1.0/24]'],
    },
    {
      title: 'one without a HostSubnet is left out, the others are not (D20)',
      tale: { ...empty, nodes: { n1: { zone: 'a', hostSubnet: 'missing' }, n2: 'a' } },
      steps: ['HostSubnet n2: set egressCIDRs to [10.0.1.0/24]'],
    },
    {
      title: 'a cordoned one stops to',
      tale: { ...empty, nodes: { n1: { ...offers([ONE]), cordoned: true }, n2: offers([ONE]) } },
      steps: ['HostSubnet n1: set egressCIDRs to []'],
    },
    {
      title: 'a cordoned one goes on while no other is left',
      tale: { ...empty, nodes: { n1: { ...offers([ONE]), cordoned: true } } },
      steps: [],
    },
    {
      title: 'a cordoned one goes on while no other is Ready',
      tale: {
        ...empty,
        nodes: { n1: { ...offers([ONE]), cordoned: true }, n2: { ...offers([ONE]), notReadyFor: 1 } },
      },
      steps: [],
    },
    {
      title: 'one that is not Ready does: it may come back',
      tale: { ...empty, nodes: { n1: { zone: 'a', notReadyFor: 1 } } },
      steps: ['HostSubnet n1: set egressCIDRs to [10.0.1.0/24]'],
    },
    {
      title: 'a deselected one stops to (D25)',
      tale: {
        ...empty,
        egressIPAMs: selected,
        nodes: { n1: offers([ONE]), n2: { ...offers([ONE]), ...yes } },
      },
      steps: ['HostSubnet n1: set egressCIDRs to []'],
    },
    {
      title: 'foreign CIDRs stay',
      tale: { ...empty, nodes: { n1: offers(['192.168.0.0/24']), n2: offers(['192.168.0.0/24', ONE], 'b') } },
      steps: [
        'HostSubnet n1: set egressCIDRs to [192.168.0.0/24, 10.0.1.0/24]',
        'HostSubnet n2: set egressCIDRs to [192.168.0.0/24]',
      ],
    },
    {
      title: 'a CIDR that an EgressIPAM has lost is taken back',
      tale: {
        ...empty,
        egressIPAMs: { pool: { cidrs: { [ONE]: 'a' }, published: ['10.0.9.0/24'] } },
        nodes: { n1: offers(['10.0.9.0/24']) },
      },
      steps: ['HostSubnet n1: set egressCIDRs to [10.0.1.0/24]'],
    },
    { title: 'in a cloud nobody does', tale: {}, steps: [] },
  ]);
});

t.test(
  'where a node stops to offer the CIDR, its IPs leave it in the same patch, and the SDN places them anew',
  async (t) => {
    const served = {
      cloud: 'none',
      namespaces: { a: ['10.0.1.10'] },
      serves: [['a', '10.0.1.10', 'n1']],
    } satisfies Tale;
    check(t, [
      {
        title: 'cordoned',
        tale: { ...served, nodes: { n1: { ...offers([ONE]), cordoned: true }, n2: offers([ONE]) } },
        steps: ['HostSubnet n1: remove 10.0.1.10 and set egressCIDRs to []', 'record 10.0.1.10 on node n2'],
        traffic: ['a active from 10.0.1.10'],
      },
      {
        title: 'deselected',
        tale: { ...served, nodes: { n1: offers([ONE], 'b'), n2: offers([ONE]) } },
        steps: ['HostSubnet n1: remove 10.0.1.10 and set egressCIDRs to []', 'record 10.0.1.10 on node n2'],
        traffic: ['a active from 10.0.1.10'],
      },
    ]);
  },
);

const SEVERAL = { several: { cidrs: { '10.0.1.0/24': 'a', '10.0.2.0/24': 'b' } } };

t.test('with several CIDRs we place ourselves, HostSubnet first, then NetNamespace', async (t) => {
  check(t, [
    {
      title: 'grant',
      tale: {
        cloud: 'none',
        egressIPAMs: SEVERAL,
        nodes: { n1: 'a', n2: 'b' },
        namespaces: { a: { egressIPAM: 'several', ips: ['10.0.1.10', '10.0.2.10'] } },
      },
      steps: [
        'claim 10.0.1.10 of 10.0.1.0/24 for namespace a',
        'claim 10.0.2.10 of 10.0.2.0/24 for namespace a',
        'bind 10.0.1.10 to namespace a on node n1',
        'bind 10.0.2.10 to namespace a on node n2',
        'HostSubnet n1: add 10.0.1.10',
        'HostSubnet n2: add 10.0.2.10',
        'NetNamespace a: add 10.0.1.10, 10.0.2.10',
      ],
      traffic: ['a active from 10.0.1.10, 10.0.2.10'],
    },
    {
      title: 'a node of three zones’ worth is lost: only its IP moves (D17)',
      tale: {
        cloud: 'none',
        egressIPAMs: { several: { cidrs: { '10.0.1.0/24': 'a', '10.0.2.0/24': 'b', '10.0.3.0/24': 'c' } } },
        nodes: {
          n1: { zone: 'a', notReadyFor: 400_000 },
          n2: 'a',
          n3: 'b',
          n4: { zone: 'c', notReadyFor: 400_000 },
        },
        namespaces: { a: { egressIPAM: 'several', ips: ['10.0.1.10', '10.0.2.10', '10.0.3.10'] } },
        serves: [
          ['a', '10.0.1.10', 'n1'],
          ['a', '10.0.2.10', 'n3'],
          ['a', '10.0.3.10', 'n4'],
        ],
      },
      steps: [
        'HostSubnet n1: remove 10.0.1.10',
        'HostSubnet n2: add 10.0.1.10',
        'record 10.0.1.10 on node n2',
      ],
      traffic: ['a active from 10.0.1.10, 10.0.2.10'],
    },
  ]);
});

t.test('a switch of mode is one patch per HostSubnet that keeps the IPs where they are', async (t) => {
  const automatic = { n1: offers([ONE]), n2: offers([ONE]), n3: 'b' };
  const served = { cloud: 'none', serves: [['a', '10.0.1.10', 'n1']] } satisfies Tale;
  check(t, [
    {
      title: 'a second CIDR is added: from now on we place',
      tale: {
        ...served,
        egressIPAMs: { pool: { cidrs: { [ONE]: 'a', '10.0.2.10/32': 'b' } } },
        nodes: automatic,
        namespaces: { a: ['10.0.1.10'] },
      },
      steps: [
        'HostSubnet n1: set egressCIDRs to []',
        'HostSubnet n2: set egressCIDRs to []',
        'claim 10.0.2.10 of 10.0.2.10/32 for namespace a',
        'list 10.0.1.10,10.0.2.10 on namespace a: it had no IP of 10.0.2.10/32',
        'bind 10.0.2.10 to namespace a on node n3',
        'HostSubnet n3: add 10.0.2.10',
        'NetNamespace a: add 10.0.2.10',
      ],
      traffic: ['a active from 10.0.1.10, 10.0.2.10'],
    },
    {
      title: 'one CIDR is left: from now on the SDN places',
      tale: {
        ...served,
        nodes: { n1: 'a', n2: 'a' },
        namespaces: { a: ['10.0.1.10'] },
      },
      steps: [
        'HostSubnet n1: set egressCIDRs to [10.0.1.0/24]',
        'HostSubnet n2: set egressCIDRs to [10.0.1.0/24]',
      ],
      traffic: ['a active from 10.0.1.10'],
    },
  ]);
});

t.test('no node is in both modes: one that any explicit pool selects is explicit for all', async (t) => {
  const both = { ...SEVERAL, single: { cidrs: { '10.0.1.128/25': 'x' }, topologyLabel: 'rack' } };
  const apart = { several: { cidrs: { '10.0.1.0/25': 'a', '10.0.2.0/24': 'b' } }, single: both.single };
  check(t, [
    {
      title: 'the single CIDR is offered by the nodes that are left',
      tale: {
        cloud: 'none',
        egressIPAMs: apart,
        nodes: {
          n1: { zone: 'a', labels: { rack: 'x' } },
          n2: 'b',
          n3: { zone: 'c', labels: { rack: 'x' } },
        },
      },
      steps: ['HostSubnet n3: set egressCIDRs to [10.0.1.128/25]'],
    },
    {
      title: 'no node is left: then we place the single CIDR’s IPs, too',
      tale: {
        cloud: 'none',
        egressIPAMs: apart,
        nodes: { n1: { zone: 'a', labels: { rack: 'x' } }, n2: 'b' },
        namespaces: { a: { egressIPAM: 'single', ips: ['10.0.1.130'] } },
      },
      steps: [
        'claim 10.0.1.130 of 10.0.1.128/25 for namespace a',
        'bind 10.0.1.130 to namespace a on node n1',
        'HostSubnet n1: add 10.0.1.130',
        'NetNamespace a: add 10.0.1.130',
      ],
      traffic: ['a active from 10.0.1.130'],
    },
    {
      title: 'an explicit pool begins to select a node in automatic mode: the SDN’s IPs leave it',
      tale: {
        cloud: 'none',
        egressIPAMs: apart,
        nodes: {
          n1: { zone: 'a', labels: { rack: 'x' }, egressCIDRs: ['10.0.1.128/25'] },
          n2: 'b',
          n3: { zone: 'c', labels: { rack: 'x' }, egressCIDRs: ['10.0.1.128/25'] },
        },
        namespaces: { a: { egressIPAM: 'single', ips: ['10.0.1.130'] } },
        serves: [['a', '10.0.1.130', 'n1']],
      },
      steps: ['HostSubnet n1: remove 10.0.1.130 and set egressCIDRs to []', 'record 10.0.1.130 on node n3'],
      traffic: ['a active from 10.0.1.130'],
    },
    {
      title: 'a node that offers a foreign CIDR is the SDN’s: we put nothing there, and say so',
      tale: {
        cloud: 'none',
        egressIPAMs: SEVERAL,
        nodes: { n1: offers(['192.168.0.0/24']), n2: 'b' },
        namespaces: { a: { egressIPAM: 'several', ips: ['10.0.1.10', '10.0.2.10'] } },
        allocations: { '10.0.1.10': { for: 'a', phase: 'Bound' }, '10.0.2.10': { for: 'a' } },
      },
      steps: [
        'bind 10.0.2.10 to namespace a on node n2',
        'HostSubnet n2: add 10.0.2.10',
        'NetNamespace a: add 10.0.2.10',
      ],
      told: ['NoHost about a'],
    },
  ]);
  const lonely = cluster({
    cloud: 'none',
    egressIPAMs: SEVERAL,
    nodes: { n1: offers(['192.168.0.0/24']), n2: 'b' },
    namespaces: { a: { egressIPAM: 'several', ips: ['10.0.1.10', '10.0.2.10'] } },
    allocations: { '10.0.1.10': { for: 'a', phase: 'Bound' }, '10.0.2.10': { for: 'a' } },
  });
  t.match(
    notices(lonely)[0],
    /carries egressCIDRs that are no EgressIPAM's, so the SDN decides what it hosts/,
  );
});

t.test('what an EgressIPAM serves that is invalid by now stays as it is', async (t) => {
  const broken = { pool: { cidrs: { [ONE]: 'a', nonsense: 'a' }, published: [ONE] } };
  check(t, [
    {
      title: 'in automatic mode the nodes go on to offer the CIDR',
      tale: {
        cloud: 'none',
        egressIPAMs: broken,
        nodes: { n1: offers([ONE]), n2: offers([ONE]) },
        namespaces: { a: ['10.0.1.10'] },
        serves: [['a', '10.0.1.10', 'n1']],
      },
      steps: [],
      told: ['EgressIPAMInvalid about a'],
      traffic: ['a active from 10.0.1.10'],
    },
    {
      title: 'a node that hosts what it had us put there does not turn automatic for another',
      tale: {
        cloud: 'none',
        egressIPAMs: { ...broken, single: { cidrs: { '10.0.9.0/24': 'a' } } },
        nodes: { n1: 'a', n2: 'a' },
        namespaces: { a: ['10.0.1.10'] },
        serves: [['a', '10.0.1.10', 'n1']],
      },
      steps: ['HostSubnet n2: set egressCIDRs to [10.0.9.0/24]'],
      traffic: ['a active from 10.0.1.10'],
    },
    {
      title: 'the control: it serves nobody, so its CIDR is taken back',
      tale: { cloud: 'none', egressIPAMs: broken, nodes: { n1: offers([ONE]) } },
      steps: ['HostSubnet n1: set egressCIDRs to []'],
    },
  ]);
});
