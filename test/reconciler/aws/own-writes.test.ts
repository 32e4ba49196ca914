import fc from 'fast-check';
import t from 'tap';
import { CONSISTENCY_WINDOW_MS, OwnWrites } from '../../../reconciler/aws/own-writes.ts';
import type { HostInterface, Inventory } from '../../../shared/inventory.ts';
import { cidrAround, type IPv4, toIPv4 } from '../../../shared/ip.ts';
import { ip } from './zone.ts';

const SUBNET = cidrAround(ip('10.0.128.0'), 20);
const ENIS = ['eni-1', 'eni-2', 'eni-3'] as const;

/** Three hosts, and what is on them. */
function inventory(on: ReadonlyMap<IPv4, string>, observedAt: number): Inventory {
  const hosts = new Map<string, HostInterface>();
  const holders = new Map(on);
  for (const [at, interfaceId] of ENIS.entries()) {
    const primary = toIPv4(ip('10.0.128.11') + at);
    const secondary = [...on]
      .filter(([, eni]) => eni === interfaceId)
      .map(([one]) => one)
      .sort((a, b) => a - b);
    const node = `n${at + 1}`;
    hosts.set(node, {
      node,
      interfaceId,
      subnetId: 'subnet-1',
      subnet: SUBNET,
      primary,
      secondary,
      slots: 9,
    });
    holders.set(primary, interfaceId);
  }
  return {
    hosts,
    unknownNodes: new Map(),
    holders,
    kept: [],
    subnets: [SUBNET],
    reservations: [],
    observedAt,
  };
}

t.test('an inventory that shows all writes already is given back as it is', async (t) => {
  const writes = new OwnWrites();
  const seen = inventory(new Map([[ip('10.0.128.20'), 'eni-1']]), 0);
  t.equal(writes.over(seen), seen);
  writes.record('assign', 'eni-1', [ip('10.0.128.20')], 0);
  writes.record('unassign', 'eni-2', [ip('10.0.128.21')], 0);
  t.equal(writes.over(seen), seen);
});

t.test('a write counts as long as a describe might not show it', async (t) => {
  const writes = new OwnWrites();
  writes.record('assign', 'eni-1', [ip('10.0.128.20')], 1_000);
  for (const [observedAt, counts] of [
    [0, true],
    [1_000 + CONSISTENCY_WINDOW_MS - 1, true],
    [1_000 + CONSISTENCY_WINDOW_MS, false],
  ] as const) {
    const shown = writes.over(inventory(new Map(), observedAt)).holders.has(ip('10.0.128.20'));
    t.equal(shown, counts, `described at ${observedAt}`);
    writes.prune(observedAt);
  }
  t.notOk(writes.over(inventory(new Map(), 0)).holders.has(ip('10.0.128.20')), 'pruned');
});

t.test(
  'whatever was written over whatever was described: hosts and holders agree, and the last write wins',
  async () => {
    const address = fc.integer({ min: 20, max: 26 }).map((n) => toIPv4(ip('10.0.128.0') + n));
    const eni = fc.constantFrom(...ENIS);
    const write = fc.record({ kind: fc.constantFrom('assign', 'unassign'), eni, ips: fc.array(address) });
    fc.assert(
      fc.property(fc.array(fc.tuple(address, eni)), fc.array(write), (on, done) => {
        const writes = new OwnWrites();
        const described = new Map(on);
        for (const { kind, eni, ips } of done) writes.record(kind, eni, ips, 0);
        const shown = writes.over(inventory(described, 0));
        for (const host of shown.hosts.values()) {
          const held = [...shown.holders].filter(
            ([one, by]) => by === host.interfaceId && one !== host.primary,
          );
          const expected = held.map(([one]) => one).sort((a, b) => a - b);
          if (String(host.secondary) !== String(expected)) return false;
        }
        const written = new Set(done.flatMap(({ ips }) => ips));
        return [...written].every((one) => {
          const last = done.findLast(({ ips }) => ips.includes(one));
          const holder = shown.holders.get(one);
          return last?.kind === 'assign' ? holder === last.eni : holder !== last?.eni;
        });
      }),
    );
  },
);
