// Which EgressIPAMs exist, what do they mean, and which of their addresses may ever be handed out? Parsed and computed
// again only when something changed that matters: a status is written often, a spec hardly ever.
import type { EgressIPAM, EgressIPAMs, Pool } from '../shared/egressipam.ts';
import { parseEgressIPAMs } from '../shared/egressipam.ts';
import { type IPv4, parseIPv4, parseRange, type Range } from '../shared/ip.ts';
import type { CIDRStatus, EgressIPAMObject, HostSubnetObject } from '../shared/kinds.ts';
import { ALLOW_DISRUPTION_ANNOTATION, RELEASE_ALL_ANNOTATION } from '../shared/names.ts';
import { UsableAddresses } from '../shared/usable.ts';

interface Computed {
  readonly usable: UsableAddresses;
  readonly hostIPs: number;
  readonly status: CIDRStatus | undefined;
}

export class Pools {
  readonly #objects = new Map<string, EgressIPAMObject>();
  /** By node: while one takes another's place, both have its address. */
  readonly #hostIPs = new Map<string, IPv4>();
  /** Counts changes of `#hostIPs`. */
  #hostIPsVersion = 0;
  #parsed: EgressIPAMs | undefined;
  readonly #computed = new WeakMap<Pool, Computed>();

  get objects(): ReadonlyMap<string, EgressIPAMObject> {
    return this.#objects;
  }

  /** All of them, judged together. */
  get parsed(): EgressIPAMs {
    this.#parsed ??= parseEgressIPAMs(this.#objects.values());
    return this.#parsed;
  }

  egressIPAMChanged(name: string, object: EgressIPAMObject | undefined): void {
    const before = this.#objects.get(name);
    if (object === undefined) this.#objects.delete(name);
    else this.#objects.set(name, object);
    if (before === undefined || object === undefined || !meansTheSame(before, object))
      this.#parsed = undefined;
  }

  hostSubnetChanged(name: string, object: HostSubnetObject | undefined): void {
    const hostIP = parseIPv4(object?.hostIP ?? '');
    if (hostIP === this.#hostIPs.get(name)) return;
    if (hostIP === undefined) this.#hostIPs.delete(name);
    else this.#hostIPs.set(name, hostIP);
    this.#hostIPsVersion += 1;
  }

  /** What was last published of the pool. */
  status(egressIPAM: EgressIPAM, pool: Pool): CIDRStatus | undefined {
    const cidrs = this.#objects.get(egressIPAM.name)?.status?.cidrs;
    return cidrs?.find((cidr) => cidr.CIDR === pool.name);
  }

  usable(egressIPAM: EgressIPAM, pool: Pool): UsableAddresses {
    const status = this.status(egressIPAM, pool);
    const before = this.#computed.get(pool);
    if (before !== undefined && before.hostIPs === this.#hostIPsVersion && sameInUse(before.status, status)) {
      return before.usable;
    }
    const hostIPs = new Map([...this.#hostIPs].map(([node, ip]) => [ip, node]));
    const usable = new UsableAddresses(pool, { hostIPs, inUse: inUseOf(status) });
    this.#computed.set(pool, { usable, hostIPs: this.#hostIPsVersion, status });
    return usable;
  }
}

/** Whether both say the same to parseEgressIPAMs: it reads the spec, these annotations and whether it is being deleted. */
function meansTheSame(a: EgressIPAMObject, b: EgressIPAMObject): boolean {
  const [before, after] = [a.metadata, b.metadata];
  return (
    before.uid === after.uid &&
    before.generation !== undefined &&
    before.generation === after.generation &&
    before.deletionTimestamp === after.deletionTimestamp &&
    before.annotations?.[RELEASE_ALL_ANNOTATION] === after.annotations?.[RELEASE_ALL_ANNOTATION] &&
    before.annotations?.[ALLOW_DISRUPTION_ANNOTATION] === after.annotations?.[ALLOW_DISRUPTION_ANNOTATION]
  );
}

function sameInUse(a: CIDRStatus | undefined, b: CIDRStatus | undefined): boolean {
  if (a === b || a?.inUse === b?.inUse) return true;
  const [before, after] = [a?.inUse ?? [], b?.inUse ?? []];
  return before.length === after.length && before.every((range, index) => range === after[index]);
}

function inUseOf(status: CIDRStatus | undefined): Range[] {
  return (status?.inUse ?? []).map(parseRange).filter((range) => typeof range !== 'string');
}
