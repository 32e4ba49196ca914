// Who held which IP at any time? Follows one kind of object and looks at each change as it was written, since two lists
// read at the end would not show what was so for a moment.
import type { KubeObject } from '../../shared/kinds.ts';
import { isApiError, type KubeClient } from '../../shared/kube/client.ts';
import type { Resource } from '../../shared/kube/resources.ts';
import { until } from '../stack/until.ts';

/** What an object of the kind holds. */
export interface Holding {
  /** Empty: nobody who has a name yet. */
  readonly holder: string;
  readonly ips: readonly string[];
}

interface Entry extends Holding {
  readonly uid: string;
}

const WATCH_SECONDS = 600;

export class Ledger<T extends KubeObject = KubeObject> {
  readonly #client: KubeClient;
  readonly #resource: Resource<T>;
  readonly #read: (object: T) => Holding;
  readonly #stop = new AbortController();
  readonly #now = new Map<string, Entry>();
  readonly #holders = new Map<string, Set<string>>();
  readonly #ever = new Set<string>();
  readonly #violations: string[] = [];
  #seen = 0n;
  #following: Promise<void> = Promise.resolve();

  /** Resolves when nothing that is written from now on will be missed. */
  static async follow<T extends KubeObject>(
    client: KubeClient,
    resource: Resource<T>,
    read: (object: T) => Holding,
  ): Promise<Ledger<T>> {
    const ledger = new Ledger(client, resource, read);
    const { items, resourceVersion } = await client.list(resource);
    for (const object of items) ledger.#enter(object);
    ledger.#following = ledger.#follow(resourceVersion);
    return ledger;
  }

  private constructor(client: KubeClient, resource: Resource<T>, read: (object: T) => Holding) {
    this.#client = client;
    this.#resource = resource;
    this.#read = read;
  }

  /** IPs that two objects held at one time, or that went from one holder to another without being given up. */
  get violations(): readonly string[] {
    return this.#violations;
  }

  /** How many objects there are. */
  get size(): number {
    return this.#now.size;
  }

  /** By IP, the objects that hold it now. */
  get holders(): ReadonlyMap<string, ReadonlySet<string>> {
    return this.#holders;
  }

  /** What the object of that name holds now. */
  holding(name: string): Holding | undefined {
    return this.#now.get(name);
  }

  /** Whether `holder` held the IP at any time. */
  everHeld(ip: string, holder: string): boolean {
    return this.#ever.has(`${ip} ${holder}`);
  }

  /** Resolves when everything stored now has come in. */
  async catchUp(): Promise<void> {
    const { items } = await this.#client.list(this.#resource);
    const latest = items.reduce((most, { metadata }) => larger(most, BigInt(metadata.resourceVersion)), 0n);
    await until(async () => this.#seen >= latest);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#following;
  }

  async #follow(from: string): Promise<void> {
    const { signal } = this.#stop;
    this.#seen = BigInt(from);
    while (!signal.aborted) {
      const terms = { resourceVersion: String(this.#seen), timeoutSeconds: WATCH_SECONDS };
      try {
        for await (const { type, object } of this.#client.watch(this.#resource, terms, { signal })) {
          if (type === 'DELETED') this.#leave(object.metadata.name);
          else if (type !== 'BOOKMARK') this.#enter(object);
          this.#seen = larger(this.#seen, BigInt(object.metadata.resourceVersion));
        }
      } catch (error) {
        if (signal.aborted) return;
        if (isApiError(error, 'unavailable')) continue;
        this.#violations.push(`${this.#resource.plural} could not be followed: ${(error as Error).message}`);
        return;
      }
    }
  }

  #enter(object: T): void {
    const { name, uid } = object.metadata;
    const { holder, ips } = this.#read(object);
    const before = this.#now.get(name);
    this.#leave(name);
    if (before?.uid === uid && before.holder !== '' && before.holder !== holder) {
      this.#violations.push(`${ips.join()} went from ${before.holder} to ${holder}`);
    }
    this.#now.set(name, { uid, holder, ips });
    for (const ip of ips) {
      this.#ever.add(`${ip} ${holder}`);
      const names = this.#holders.get(ip) ?? new Set();
      this.#holders.set(ip, names.add(name));
      if (names.size > 1) this.#violations.push(`${ip} was held by ${[...names].join(' and ')} at one time`);
    }
  }

  #leave(name: string): void {
    for (const ip of this.#now.get(name)?.ips ?? []) {
      const names = this.#holders.get(ip);
      names?.delete(name);
      if (names?.size === 0) this.#holders.delete(ip);
    }
    this.#now.delete(name);
  }
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
