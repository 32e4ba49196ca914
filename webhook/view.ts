// What does this replica know of the cluster? Takes in every change that the caches see, and answers what decisions ask,
// each in a time that does not grow with the number of namespaces.
import { countFree } from '../shared/allocate.ts';
import { egressIPAMOf, listedIPs } from '../shared/annotation.ts';
import type { EgressIPAM, Pool } from '../shared/egressipam.ts';
import { type Holder, Holdings } from '../shared/holdings.ts';
import { type IPv4, parseIPv4 } from '../shared/ip.ts';
import type {
  AllocationObject,
  Condition,
  EgressIPAMObject,
  HostSubnetObject,
  NamespaceObject,
  NetNamespaceObject,
} from '../shared/kinds.ts';
import { RELEASE_ALL_ANNOTATION } from '../shared/names.ts';
import { AllocationIndex } from './allocation-index.ts';
import type { CloudView, NamespaceView, PoolCounts } from './decision.ts';
import type { EgressIPAMView, Use } from './egressipam.ts';
import { Pools } from './pools.ts';

export interface ViewOptions {
  /** Why the caches cannot be relied on now. */
  readonly outOfTouch: () => string | undefined;
  /** Milliseconds since the cloud of an EgressIPAM was last observed; undefined when it cannot be told. */
  readonly observedAge: (egressIPAM: string) => number | undefined;
  /** Milliseconds up to which an observation is relied on. */
  readonly inventoryMaxAge: number;
}

const LONGEST_WARNING = 200;
/** Reasons of InventoryFresh for which the published addresses in use are not all there are. */
const UNTOLD: ReadonlySet<string> = new Set(['TooFragmented', 'OutsideSubnets']);
/** Reason of an InventoryFresh with a CIDR of which nothing was ever published. */
const NOT_READ = 'NotRead';
/** Reason of a CapacityOK that is True as long as no node is lost. */
const AT_RISK = 'ZoneAtRisk';

export class View implements NamespaceView, EgressIPAMView {
  readonly #options: ViewOptions;
  readonly #pools = new Pools();
  readonly #allocations = new AllocationIndex();
  readonly #holdings = new Holdings();
  /** Names of opted-in namespaces, by EgressIPAM. */
  readonly #optedIn = new Map<string, Map<string, readonly IPv4[]>>();
  /** Claims under way that need a host slot, by EgressIPAM and pool. */
  readonly #reserved = new Map<string, number>();
  readonly #waiting = new Set<() => void>();

  constructor(options: ViewOptions) {
    this.#options = options;
  }

  egressIPAMChanged(name: string, object: EgressIPAMObject | undefined): void {
    this.#pools.egressIPAMChanged(name, object);
    this.wake();
  }

  allocationChanged(name: string, object: AllocationObject | undefined): void {
    const ip = parseIPv4(name);
    if (ip === undefined) return;
    const allocation = this.#allocations.changed(ip, object);
    this.#holdings.setAllocation(ip, allocation?.namespace);
  }

  namespaceChanged(
    name: string,
    object: NamespaceObject | undefined,
    previous: NamespaceObject | undefined,
  ): void {
    const ips = object === undefined ? [] : listedIPs(object);
    this.#holdings.set({ kind: 'namespace', name }, ips);
    const [before, after] = [egressIPAMOf(previous), egressIPAMOf(object)];
    if (before !== undefined) this.#optedIn.get(before)?.delete(name);
    if (after === undefined) return;
    const namespaces = this.#optedIn.get(after);
    if (namespaces === undefined) this.#optedIn.set(after, new Map([[name, ips]]));
    else namespaces.set(name, ips);
  }

  netNamespaceChanged(name: string, object: NetNamespaceObject | undefined): void {
    this.#holdings.set({ kind: 'netNamespace', name }, parseIPs(object?.egressIPs));
  }

  hostSubnetChanged(name: string, object: HostSubnetObject | undefined): void {
    this.#holdings.set({ kind: 'hostSubnet', name }, parseIPs(object?.egressIPs));
    this.#pools.hostSubnetChanged(name, object);
  }

  /** Resolves when something changed that a refusal may have been waiting for, or after so many milliseconds. */
  changed(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      this.#waiting.add(done);
    });
  }

  /** Whether somebody waits for a change. */
  get isAwaited(): boolean {
    return this.#waiting.size > 0;
  }

  /** Lets those decide again who wait for a change. */
  wake(): void {
    for (const go of [...this.#waiting]) go();
  }

  /** Counts a claim under way as if it had been made, until the function returned is called. */
  reserve(egressIPAM: EgressIPAM, pool: Pool): () => void {
    const key = `${egressIPAM.name}/${pool.name}`;
    this.#reserved.set(key, (this.#reserved.get(key) ?? 0) + 1);
    return () => {
      const left = (this.#reserved.get(key) ?? 1) - 1;
      if (left === 0) this.#reserved.delete(key);
      else this.#reserved.set(key, left);
    };
  }

  get taken() {
    return this.#holdings.taken;
  }

  outOfTouch(): string | undefined {
    return this.#options.outOfTouch();
  }

  egressIPAM(name: string): EgressIPAM | undefined {
    return this.#pools.parsed.valid.get(name);
  }

  invalid(name: string) {
    return this.#pools.parsed.invalid.get(name);
  }

  isDraining(name: string): boolean {
    const metadata = this.#pools.objects.get(name)?.metadata;
    return (
      metadata?.deletionTimestamp !== undefined && metadata.annotations?.[RELEASE_ALL_ANNOTATION] === 'true'
    );
  }

  names(): string[] {
    return [...this.#pools.objects.keys()].sort();
  }

  stored(): Iterable<EgressIPAMObject> {
    return this.#pools.objects.values();
  }

  usable(egressIPAM: EgressIPAM, pool: Pool) {
    return this.#pools.usable(egressIPAM, pool);
  }

  holdersOf(ip: IPv4): readonly Holder[] {
    return this.#holdings.holdersOf(ip);
  }

  ownAllocations(namespace: string, pool: Pool) {
    return this.#allocations.of(namespace, pool);
  }

  allocated(pool: Pool): number {
    return this.#allocations.countActive(pool);
  }

  cloud(egressIPAM: EgressIPAM): CloudView {
    const { name, generation } = egressIPAM;
    const status = this.#pools.objects.get(name)?.status;
    if (status?.cloud === undefined || (status.observedGeneration ?? 0) < generation) {
      const why = `EgressIPAM "${name}" is new or was changed, and the reconciler has not looked at its nodes yet; try again in a moment`;
      return { kind: 'unobserved', why };
    }
    const conditions = status.conditions ?? [];
    if (status.cloud === 'none') return { kind: 'known', warnings: warningsOf(name, conditions) };
    const inventory = conditions.find(({ type }) => type === 'InventoryFresh');
    if (inventory?.status === 'False' && UNTOLD.has(inventory.reason)) {
      const why = `EgressIPAM "${name}" gives out no IPs, because nobody can tell which addresses the cloud uses: ${inventory.message}`;
      return { kind: 'untold', why };
    }
    // Of a CIDR that was just added, say: the times on the Lease may be those of the others.
    if (inventory?.reason === NOT_READ) {
      const why = `the cloud of EgressIPAM "${name}" was not looked at completely yet: ${inventory.message}; try again in a moment`;
      return { kind: 'unobserved', why };
    }
    const age = this.#options.observedAge(name);
    if (age === undefined) {
      const said = inventory?.status === 'False' ? ` (${inventory.message})` : '';
      const why = `it is not known yet when the cloud of EgressIPAM "${name}" was last observed${said}; try again in a moment`;
      return { kind: 'unobserved', why };
    }
    if (age <= this.#options.inventoryMaxAge)
      return { kind: 'known', warnings: warningsOf(name, conditions) };
    const why = `the cloud of EgressIPAM "${name}" was last observed ${Math.round(age / 1000)} s ago, which is too long to tell which addresses are free; see whether the reconciler runs`;
    return { kind: 'old', why };
  }

  hostSlots(egressIPAM: EgressIPAM, pool: Pool) {
    const status = this.#pools.status(egressIPAM, pool);
    const reserved = this.#reserved.get(`${egressIPAM.name}/${pool.name}`) ?? 0;
    const now = this.#allocations.countActive(pool) + reserved;
    return { free: status?.freeHostSlots, claimedSince: Math.max(0, now - (status?.allocated ?? now)) };
  }

  counts(egressIPAM: EgressIPAM, pool: Pool): PoolCounts {
    const allocations = this.#allocations.in(pool);
    const resting = allocations.filter(({ phase }) => phase === 'Resting');
    const ends = resting
      .map(({ restingSince }) => Date.parse(restingSince ?? '') + egressIPAM.reuseGracePeriod)
      .filter((time) => !Number.isNaN(time));
    const nextFreeAt = ends.length === 0 ? undefined : new Date(Math.min(...ends)).toISOString();
    const usable = this.usable(egressIPAM, pool);
    const known = allocations.filter(({ ip }) => usable.whyNot(ip) === undefined).length;
    const foreign = usable.usable - countFree(usable, this.taken) - known;
    return { allocated: allocations.length - resting.length, resting: resting.length, foreign, nextFreeAt };
  }

  *uses(egressIPAM: string): Iterable<Use> {
    for (const [namespace, ips] of this.#optedIn.get(egressIPAM) ?? []) yield { namespace, ips };
    for (const { ip, namespace, phase, egressIPAM: name } of this.#allocations.all()) {
      if (name === egressIPAM && (phase === 'Bound' || phase === 'Claimed')) yield { namespace, ips: [ip] };
    }
  }
}

function warningsOf(name: string, conditions: readonly Condition[]): string[] {
  return conditions
    .filter(({ type, status, reason }) => {
      const isWrong = status === 'False' && (type === 'CapacityOK' || type === 'InventoryFresh');
      return isWrong || reason === AT_RISK;
    })
    .map(({ type, status, reason, message }) => {
      const text = `EgressIPAM "${name}" has ${type}=${status}, ${reason}: ${message}`;
      return text.length > LONGEST_WARNING ? `${text.slice(0, LONGEST_WARNING - 1)}…` : text;
    });
}

function parseIPs(texts: readonly string[] | undefined): IPv4[] {
  const ips = new Set<IPv4>();
  for (const text of texts ?? []) {
    const ip = parseIPv4(text);
    if (ip !== undefined) ips.add(ip);
  }
  return [...ips];
}
