// The rules of OpenShift SDN as tables: who claims what, and where each namespace's traffic leaves from.
import t from 'tap';
import type { SdnView } from './verdict.ts';
import { judge } from './verdict.ts';

type Lists = Readonly<Record<string, readonly string[]>>;

interface Row {
  readonly title: string;
  readonly hosted: Lists;
  readonly listed: Lists;
  readonly offline?: readonly string[];
  readonly interfaces?: Lists;
  /** Each namespace's verdict as a sentence. */
  readonly verdicts: readonly string[];
}

function viewOf(row: Row): SdnView {
  const objects = (lists: Lists) =>
    Object.entries(lists).map(([name, egressIPs]) => ({ metadata: { name }, egressIPs }));
  const { interfaces } = row;
  return {
    hostSubnets: objects(row.hosted),
    netNamespaces: objects(row.listed),
    offline: new Set(row.offline),
    ...(interfaces === undefined
      ? {}
      : { interfaces: new Map(Object.entries(interfaces).map(([node, ips]) => [node, new Set(ips)])) }),
  };
}

function sentences(view: SdnView): string[] {
  return [...judge(view).namespaces.values()].map((it) => {
    const from = it.from.length > 0 ? ` from ${it.from.join(', ')}` : '';
    const lost = it.lost.length > 0 ? `, losing ${it.lost.join(', ')}` : '';
    return `${it.namespace} ${it.egress}${from}${lost} (${it.reason})`;
  });
}

const ROWS: readonly Row[] = [
  {
    title: 'a namespace that lists nothing leaves from the node',
    hosted: { n1: ['10.0.0.9'] },
    listed: { a: [] },
    verdicts: ['a node (it lists no egress IPs)'],
  },
  {
    title: 'one IP, one node, one namespace: active',
    hosted: { n1: ['10.0.0.5'], n2: [] },
    listed: { a: ['10.0.0.5'] },
    verdicts: ['a active from 10.0.0.5 (10.0.0.5: it is active on n1)'],
  },
  {
    title: 'an IP that no node hosts drops the namespace',
    hosted: { n1: [] },
    listed: { a: ['10.0.0.5'] },
    verdicts: ['a dropped (10.0.0.5: no node hosts it)'],
  },
  {
    title: 'one hosted IP of two is enough',
    hosted: { n1: ['10.0.0.5'] },
    listed: { a: ['10.0.0.5', '10.0.1.5'] },
    verdicts: ['a active from 10.0.0.5 (10.0.0.5: it is active on n1; 10.0.1.5: no node hosts it)'],
  },
  {
    title: 'an IP on two nodes is not active, and nobody else is touched',
    hosted: { n1: ['10.0.0.5', '10.0.0.6'], n2: ['10.0.0.5'] },
    listed: { a: ['10.0.0.5'], b: ['10.0.0.6'] },
    verdicts: [
      'a dropped (10.0.0.5: it is hosted by n1 and n2)',
      'b active from 10.0.0.6 (10.0.0.6: it is active on n1)',
    ],
  },
  {
    title: 'an IP on two nodes leaves the other IP of its namespace active, even on one of these nodes',
    hosted: { n1: ['10.0.0.5', '10.0.1.5'], n2: ['10.0.0.5'] },
    listed: { a: ['10.0.0.5', '10.0.1.5'] },
    verdicts: ['a active from 10.0.1.5 (10.0.0.5: it is hosted by n1 and n2; 10.0.1.5: it is active on n1)'],
  },
  {
    title: 'an IP that two namespaces list drops both, whatever else they have',
    hosted: { n1: ['10.0.0.5'], n2: ['10.0.1.5'], n3: ['10.0.2.5'] },
    listed: { a: ['10.0.0.5', '10.0.1.5'], b: ['10.0.0.5'], c: ['10.0.2.5'] },
    verdicts: [
      'a dropped (10.0.0.5 is listed by a and b)',
      'b dropped (10.0.0.5 is listed by a and b)',
      'c active from 10.0.2.5 (10.0.2.5: it is active on n3)',
    ],
  },
  {
    title: 'two IPs of one namespace on one node deactivate each other',
    hosted: { n1: ['10.0.0.5', '10.0.1.5'] },
    listed: { a: ['10.0.0.5', '10.0.1.5'] },
    verdicts: [
      'a dropped (10.0.0.5: 10.0.1.5 of the same NetNamespace is on n1, too; ' +
        '10.0.1.5: 10.0.0.5 of the same NetNamespace is on n1, too)',
    ],
  },
  {
    title: 'two IPs of two namespaces may share a node',
    hosted: { n1: ['10.0.0.5', '10.0.1.5'] },
    listed: { a: ['10.0.0.5'], b: ['10.0.1.5'] },
    verdicts: [
      'a active from 10.0.0.5 (10.0.0.5: it is active on n1)',
      'b active from 10.0.1.5 (10.0.1.5: it is active on n1)',
    ],
  },
  {
    title: 'the same IP named twice is one IP',
    hosted: { n1: ['10.0.0.5', '10.0.0.5'] },
    listed: { a: ['10.0.0.5', '10.0.0.5'] },
    verdicts: ['a active from 10.0.0.5 (10.0.0.5: it is active on n1)'],
  },
  {
    title: 'several IPs fail over to the nodes that are online',
    hosted: { n1: ['10.0.0.5'], n2: ['10.0.1.5'] },
    listed: { a: ['10.0.0.5', '10.0.1.5'] },
    offline: ['n1'],
    verdicts: ['a active from 10.0.1.5 (10.0.0.5: n1 is offline; 10.0.1.5: it is active on n2)'],
  },
  {
    title: 'an only IP on a node that is offline drops the namespace',
    hosted: { n1: ['10.0.0.5'] },
    listed: { a: ['10.0.0.5'] },
    offline: ['n1'],
    verdicts: ['a dropped (10.0.0.5: n1 is offline)'],
  },
  {
    title: 'under a cloud an IP has to be on the interface of its node',
    hosted: { n1: ['10.0.0.5'], n2: ['10.0.1.5'] },
    listed: { a: ['10.0.0.5'], b: ['10.0.1.5'] },
    interfaces: { n1: ['10.0.0.5'], n2: ['10.0.0.5'] },
    verdicts: [
      'a active from 10.0.0.5 (10.0.0.5: it is active on n1)',
      'b dropped, losing 10.0.1.5 (10.0.1.5: it is not on the interface of n2)',
    ],
  },
  {
    title: 'the SDN goes on using an IP that is not on its interface, and a part of the connections is lost',
    hosted: { n1: ['10.0.0.5'], n2: ['10.0.1.5'] },
    listed: { a: ['10.0.0.5', '10.0.1.5'] },
    interfaces: { n1: ['10.0.0.5'], n2: [] },
    verdicts: [
      'a active from 10.0.0.5, losing 10.0.1.5 ' +
        '(10.0.0.5: it is active on n1; 10.0.1.5: it is not on the interface of n2)',
    ],
  },
];

for (const row of ROWS) {
  t.test(row.title, async (t) => {
    t.strictSame(sentences(viewOf(row)), row.verdicts);
  });
}

t.test('each IP is judged, listed or not', async (t) => {
  const row = {
    title: '',
    hosted: { n1: ['10.0.0.6', '10.0.0.5'] },
    listed: { a: ['10.0.0.5'] },
    verdicts: [],
  };
  const { ips } = judge(viewOf(row));
  t.strictSame(
    [...ips.values()].map((it) => `${it.ip} ${it.active ? 'active' : 'not active'}: ${it.reason}`),
    ['10.0.0.5 active: it is active on n1', '10.0.0.6 not active: no namespace lists it'],
  );
});
