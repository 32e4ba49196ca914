// Automatic mode: rounds of placement, told as HostSubnets before and after.
import fc from 'fast-check';
import t from 'tap';
import type { AutomaticView } from './automatic.ts';
import { placeAutomatically } from './automatic.ts';

const CIDR = '192.168.1.0/24';

interface Node {
  readonly ips?: readonly string[];
  readonly cidrs?: readonly string[];
}

function viewOf(
  nodes: Readonly<Record<string, Node>>,
  listed: Readonly<Record<string, readonly string[]>>,
  offline: readonly string[] = [],
): AutomaticView {
  return {
    hostSubnets: Object.entries(nodes).map(([name, { ips = [], cidrs = [CIDR] }]) => ({
      metadata: { name },
      egressIPs: ips,
      egressCIDRs: cidrs,
    })),
    netNamespaces: Object.entries(listed).map(([name, egressIPs]) => ({ metadata: { name }, egressIPs })),
    offline: new Set(offline),
  };
}

function placed(view: AutomaticView): Record<string, readonly string[]> {
  return Object.fromEntries(placeAutomatically(view));
}

t.test('IPs are spread over the nodes, by IP and by name', async (t) => {
  const listed = { a: ['192.168.1.12'], b: ['192.168.1.11'], c: ['192.168.1.13'], d: ['192.168.2.1'], e: [] };
  t.strictSame(placed(viewOf({ n2: {}, n1: {} }, listed)), {
    n1: ['192.168.1.11', '192.168.1.13'],
    n2: ['192.168.1.12'],
  });
});

t.test('what is placed stays, and what nobody lists any more is taken off', async (t) => {
  const nodes = { n1: { ips: ['192.168.1.12', '192.168.1.99'] }, n2: {} };
  t.strictSame(placed(viewOf(nodes, { a: ['192.168.1.12'] })), { n1: ['192.168.1.12'], n2: [] });
});

t.test('an IP that only one node can host is placed before those that have a choice', async (t) => {
  const nodes = { n1: {}, n2: { cidrs: ['192.168.1.0/24', '192.168.2.0/24'] } };
  const listed = { a: ['192.168.1.1'], b: ['192.168.1.2'], c: ['192.168.2.1'] };
  t.strictSame(placed(viewOf(nodes, listed)), { n1: ['192.168.1.1', '192.168.1.2'], n2: ['192.168.2.1'] });
});

t.test('only the first IP of a namespace is placed', async (t) => {
  t.strictSame(placed(viewOf({ n1: {}, n2: {} }, { a: ['192.168.1.1', '192.168.1.2'] })), {
    n1: ['192.168.1.1'],
    n2: [],
  });
});

t.test('an IP that two namespaces list, or two nodes host, is placed nowhere', async (t) => {
  const listed = { a: ['192.168.1.1'], b: ['192.168.1.1'] };
  t.strictSame(placed(viewOf({ n1: { ips: ['192.168.1.1'] } }, listed)), { n1: [] });
  const twice = { n1: { ips: ['192.168.1.1'] }, n2: { ips: ['192.168.1.1'] } };
  t.strictSame(placed(viewOf(twice, { a: ['192.168.1.1'] })), { n1: [], n2: [] });
});

t.test('a node that is offline is emptied in one round, its IPs are placed in the next', async (t) => {
  const listed = { a: ['192.168.1.1'], b: ['192.168.1.2'] };
  const before = { n1: { ips: ['192.168.1.1'] }, n2: { ips: ['192.168.1.2'] } };
  const first = placed(viewOf(before, listed, ['n1']));
  t.strictSame(first, { n1: [], n2: ['192.168.1.2'] });
  const second = placed(viewOf({ n1: {}, n2: { ips: ['192.168.1.2'] } }, listed, ['n1']));
  t.strictSame(second, { n1: [], n2: ['192.168.1.1', '192.168.1.2'] });
});

t.test('a node that comes back gets its share again', async (t) => {
  const ips = ['192.168.1.1', '192.168.1.2', '192.168.1.3', '192.168.1.4'];
  const listed = Object.fromEntries(ips.map((ip, i) => [`ns${i}`, [ip]]));
  const first = placed(viewOf({ n1: {}, n2: { ips } }, listed));
  t.strictSame(first, { n1: [], n2: ['192.168.1.2', '192.168.1.4'] });
  const second = placed(viewOf({ n1: {}, n2: { ips: first.n2 ?? [] } }, listed));
  t.strictSame(second, { n1: ['192.168.1.1', '192.168.1.3'], n2: ['192.168.1.2', '192.168.1.4'] });
});

t.test('while a node is being emptied nothing else is moved', async (t) => {
  const ips = ['192.168.1.1', '192.168.1.2', '192.168.1.3', '192.168.1.4'];
  const listed = { ...Object.fromEntries(ips.map((ip, i) => [`ns${i}`, [ip]])), lost: ['192.168.1.9'] };
  const nodes = { n1: { ips: ['192.168.1.9'] }, n2: { ips }, n3: {} };
  t.strictSame(placed(viewOf(nodes, listed, ['n1'])), { n1: [], n2: ips, n3: [] });
});

t.test('a node in explicit mode keeps what was written on it, and hosts nothing else', async (t) => {
  const nodes = { n1: { ips: ['192.168.1.1'], cidrs: [] }, n2: {} };
  t.strictSame(placed(viewOf(nodes, { a: ['192.168.1.1'], b: ['192.168.1.2'] })), { n2: ['192.168.1.2'] });
});

t.test('rounds come to rest, with every IP on exactly one node that is online', async () => {
  const count = fc.integer({ min: 1, max: 6 });
  fc.assert(
    fc.property(count, fc.integer({ min: 0, max: 20 }), fc.nat(), (nodeCount, ipCount, seed) => {
      const names = Array.from({ length: nodeCount + 1 }, (_, i) => `n${i}`);
      const ips = Array.from({ length: ipCount }, (_, i) => `192.168.1.${i + 1}`);
      const listed = Object.fromEntries(ips.map((ip, i) => [`ns${i}`, [ip]]));
      const offline = [`n${seed % nodeCount}`];
      let nodes: Record<string, Node> = Object.fromEntries(names.map((name) => [name, {}]));
      for (const ip of ips) {
        const name = `n${(seed * 31 + ip.length * seed) % names.length}`;
        nodes = { ...nodes, [name]: { ips: [...(nodes[name]?.ips ?? []), ip] } };
      }
      for (let round = 0; ; round += 1) {
        const next = placed(viewOf(nodes, listed, offline));
        const same = names.every(
          (name) => String(next[name]) === String((nodes[name]?.ips ?? []).toSorted(byIP)),
        );
        nodes = Object.fromEntries(names.map((name) => [name, { ips: next[name] ?? [] }]));
        if (same) break;
        if (round > 10) return false;
      }
      const all = names.flatMap((name) => nodes[name]?.ips ?? []);
      return (
        all.length === ips.length && new Set(all).size === ips.length && !nodes[offline[0] ?? '']?.ips?.length
      );
    }),
  );
});

function byIP(a: string, b: string): number {
  return Number(a.split('.')[3]) - Number(b.split('.')[3]);
}
