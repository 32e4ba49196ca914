// Each check of the race finds what it is there for, and nothing in what is right.
import t from 'tap';
import type { AllocationObject, NamespaceObject } from '../../shared/kinds.ts';
import { EGRESSIPAM_ANNOTATION, EGRESSIPS_ANNOTATION } from '../../shared/names.ts';
import { type Evidence, judge } from './checks.ts';
import type { Told } from './client.ts';
import { racePools } from './pools.ts';
import type { Ask } from './requests.ts';

const POOLS = racePools(10);
const FIRST = '192.168.100.200,10.64.0.200,10.65.0.200';
const SECOND = '192.168.100.201,10.64.0.201,10.65.0.201';

function namespace(name: string, list: string): NamespaceObject {
  const annotations = { [EGRESSIPAM_ANNOTATION]: 'race', [EGRESSIPS_ANNOTATION]: list };
  return { metadata: { name, uid: name, resourceVersion: '1', annotations } };
}

function allocations(name: string, list: string): AllocationObject[] {
  return list.split(',').map((ip) => ({
    metadata: { name: ip, uid: ip, resourceVersion: '1' },
    spec: { egressIPAM: 'race', cidr: '', namespace: name, claim: '' },
  }));
}

function holder(name: string, list: string) {
  return { metadata: { name, uid: name, resourceVersion: '1' }, egressIPs: list.split(',') };
}

function told(name: string, list: string, more: Partial<Told> = {}, ask: Partial<Ask> = {}): Told {
  const base: Ask = {
    name,
    list,
    mode: 'create',
    wish: 'possible',
    twist: 'none',
    isTwin: false,
  };
  return { ask: { ...base, ...ask }, became: 'created', name, asked: list, list, refusals: [], ...more };
}

/** Two namespaces, as they should be. */
const RIGHT: Evidence = {
  pools: POOLS,
  namespaces: [namespace('a', FIRST), namespace('b', SECOND)],
  allocations: [...allocations('a', FIRST), ...allocations('b', SECOND)],
  netNamespaces: [holder('a', FIRST), holder('b', SECOND)],
  hostSubnets: [holder('node-1', FIRST), holder('node-2', SECOND)],
  never: new Map([['192.168.100.10', /is the address of node/]]),
  told: [told('a', FIRST), told('b', SECOND)],
  everHeld: (ip, name) => name === 'a' && FIRST.split(',').includes(ip),
  meanwhile: [],
};

function refused(message: string, ask: Partial<Ask> = {}): Told {
  const refusals = [{ list: FIRST, message }];
  return told('c', FIRST, { became: 'none', name: '', list: undefined, refusals }, ask);
}

/** What is wrong, and which checks say so. */
const TABLE: readonly (readonly [what: string, evidence: Partial<Evidence>, checks: readonly string[]])[] = [
  ['nothing', {}, []],
  [
    'two namespaces list one IP',
    { namespaces: [namespace('a', FIRST), namespace('b', FIRST)], netNamespaces: [], told: [] },
    [
      'IPs listed by two namespaces',
      'listed IPs without an allocation for that very namespace',
      'allocations that their namespace does not list',
    ],
  ],
  [
    'two NetNamespaces have one IP',
    { netNamespaces: [holder('a', FIRST), holder('c', FIRST)] },
    ['IPs on two NetNamespaces', 'listed IPs that are not on the NetNamespace, or others that are'],
  ],
  [
    'two nodes host one IP',
    { hostSubnets: [holder('node-1', FIRST), holder('node-2', FIRST)] },
    ['IPs on two HostSubnets'],
  ],
  [
    'it was so for a moment',
    { meanwhile: ['10.64.0.200 was held by two'] },
    ['IPs held by two at any moment'],
  ],
  [
    'a namespace lists two IPs of one CIDR',
    {
      namespaces: [namespace('a', '192.168.100.200,192.168.100.201')],
      allocations: allocations('a', '192.168.100.200,192.168.100.201'),
      netNamespaces: [],
      told: [],
    },
    ['namespaces without exactly one IP of each CIDR'],
  ],
  [
    'an allocation is for somebody else',
    { allocations: [...allocations('c', FIRST), ...allocations('b', SECOND)] },
    [
      'listed IPs without an allocation for that very namespace',
      'allocations that their namespace does not list',
    ],
  ],
  [
    'an allocation is left over',
    { allocations: [...RIGHT.allocations, ...allocations('', '10.65.0.202')] },
    ['allocations that their namespace does not list'],
  ],
  [
    "a node's address is given out",
    { never: new Map([['10.64.0.200', /is the address of node/]]), netNamespaces: [] },
    ['IPs that must never be handed out'],
  ],
  [
    'somebody is given other IPs than he named',
    { told: [told('a', SECOND, { list: FIRST })] },
    ['lists other than what was asked for and answered'],
  ],
  [
    'the list changed after the answer',
    { told: [told('a', SECOND)] },
    ['lists other than what was asked for and answered'],
  ],
  ['the holder is told', { told: [refused('10.64.0.200 is allocated to namespace "a"; choose')] }, []],
  [
    'somebody who never had it is told',
    { told: [refused('10.64.0.200 is allocated to namespace "b"; choose')] },
    ['refusals that do not say rightly who holds the IP'],
  ],
  ['no holder is told', { told: [refused('no')] }, ['refusals that do not say rightly who holds the IP']],
  [
    'something impossible is let through',
    { told: [told('a', FIRST, {}, { wish: 'impossible' })] },
    ['impossible requests that were let through'],
  ],
  [
    'a dry run leaves an allocation',
    { told: [told('a', FIRST, { became: 'none' }, { mode: 'dryRun' })] },
    ['dry runs that left something'],
  ],
  ['somebody gives up', { told: [told('a', FIRST, { became: 'unknown' })] }, ['requests that were given up']],
];

for (const [what, evidence, checks] of TABLE) {
  t.test(`when ${what}, ${checks.length === 0 ? 'no check' : checks.join(' and ')} objects`, async (t) => {
    const verdicts = judge({ ...RIGHT, ...evidence });
    const objecting = verdicts.filter(({ violations }) => violations.length > 0).map(({ check }) => check);
    t.same(objecting, checks);
  });
}

t.test('no check is left untried', async (t) => {
  const tried = new Set(TABLE.flatMap(([, , checks]) => checks));
  t.same(
    judge(RIGHT)
      .map(({ check }) => check)
      .filter((check) => !tried.has(check)),
    [],
  );
});
