// Counts and look-ups that are kept up to date, against counting anew.
import fc from 'fast-check';
import t from 'tap';
import { parseEgressIPAM } from '../../shared/egressipam.ts';
import { type IPv4, parseIPv4 } from '../../shared/ip.ts';
import type { Phase } from '../../shared/kinds.ts';
import { ALLOCATIONS } from '../../shared/kube/resources.ts';
import { AllocationIndex } from '../../webhook/allocation-index.ts';
import { FakeKubeClient } from '../fakes/kube-client.ts';
import { allocation, pool } from './build.ts';

function address(text: string): IPv4 {
  const ip = parseIPv4(text);
  if (ip === undefined) throw new Error(text);
  return ip;
}

const parsed = parseEgressIPAM(pool());
const pools = parsed.ok ? parsed.value.pools : [];

t.test('whatever comes and goes, counts and look-ups are those of what is there', async (t) => {
  const phases: Phase[] = ['Claimed', 'Bound', 'Releasing', 'Resting'];
  const change = fc.record({
    ip: fc.constantFrom('10.0.128.1', '10.0.128.2', '10.0.144.1', '10.9.9.9'),
    namespace: fc.constantFrom('a', 'b', ''),
    phase: fc.option(fc.constantFrom(...phases), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
      const api = new FakeKubeClient();
      const index = new AllocationIndex();
      for (const one of pools) index.countActive(one);
      for (const { ip, namespace, phase } of changes) {
        // No phase: it is gone.
        if (phase === undefined) api.remove(ALLOCATIONS, ip);
        else api.put(ALLOCATIONS, allocation(ip, namespace, { phase }));
        index.changed(address(ip), api.stored(ALLOCATIONS, ip));
      }
      const anew = new AllocationIndex();
      for (const object of api.all(ALLOCATIONS)) anew.changed(address(object.metadata.name), object);
      for (const one of pools) {
        t.equal(index.countActive(one), anew.countActive(one));
        t.same(
          index
            .in(one)
            .map(({ ip }) => ip)
            .sort(),
          anew
            .in(one)
            .map(({ ip }) => ip)
            .sort(),
        );
        for (const namespace of ['a', 'b', '']) t.same(index.of(namespace, one), anew.of(namespace, one));
      }
      t.equal([...index.all()].length, [...anew.all()].length);
    }),
    { numRuns: 100 },
  );
});
