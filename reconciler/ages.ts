// How long has a claim stood, and for how long has nobody listed it? Counted on our own monotonic clock from when this
// process first saw it so: the API server's times are another machine's, and a new leader knows nothing of before.
import type { Allocation } from '../shared/allocation.ts';
import type { IPv4 } from '../shared/ip.ts';
import type { World } from '../shared/plan/world.ts';

interface Sighting {
  readonly uid: string;
  readonly claim: string;
  readonly seenSince: number;
  unlistedSince: number | undefined;
}

export class ClaimAges {
  readonly #sightings = new Map<IPv4, Sighting>();

  /** Starts the count of these IPs again, also when they are listed for less than a pass. */
  touch(ips: Iterable<IPv4>): void {
    for (const ip of ips) {
      const sighting = this.#sightings.get(ip);
      if (sighting !== undefined) sighting.unlistedSince = undefined;
    }
  }

  /** Notes what is seen now. A new uid or token starts both counts again. */
  update(
    allocations: ReadonlyMap<IPv4, Allocation>,
    isListed: (ip: IPv4, namespace: string) => boolean,
    now: number,
  ): void {
    for (const ip of this.#sightings.keys()) if (!allocations.has(ip)) this.#sightings.delete(ip);
    for (const allocation of allocations.values()) {
      const { ip, uid, claim, namespace } = allocation;
      let sighting = this.#sightings.get(ip);
      if (sighting === undefined || sighting.uid !== uid || sighting.claim !== claim) {
        sighting = { uid, claim, seenSince: now, unlistedSince: undefined };
        this.#sightings.set(ip, sighting);
      }
      if (isListed(ip, namespace)) sighting.unlistedSince = undefined;
      else sighting.unlistedSince ??= now;
    }
  }

  /** The ages as of `now`, each worked out when it is asked for: hardly any is. */
  at(now: number): World['claimAges'] {
    return {
      get: (ip) => {
        const sighting = this.#sightings.get(ip);
        if (sighting === undefined) return undefined;
        const { seenSince, unlistedSince } = sighting;
        return {
          seenFor: now - seenSince,
          unlistedFor: unlistedSince === undefined ? 0 : now - unlistedSince,
        };
      },
    };
  }
}
