// Carries out one action: the live checks that it needs, its write or call, and the reply into the caches. It decides
// nothing; when the world is not what the plan saw, it says so (Stale) and the next plan decides again.
import { randomUUID } from 'node:crypto';
import { claimObject, RELEASED_CONDITION } from '../shared/allocation.ts';
import { formatIPv4, type IPv4 } from '../shared/ip.ts';
import type { AllocationObject, KubeObject } from '../shared/kinds.ts';
import { type CallOptions, isApiError, type KubeClient } from '../shared/kube/client.ts';
import { ALLOCATIONS, EGRESSIPAMS, NAMESPACES } from '../shared/kube/resources.ts';
import { EGRESSIPS_ANNOTATION, FINALIZER } from '../shared/names.ts';
import type { Action, ReleaseCheck } from '../shared/plan/actions.ts';
import type { Caches } from './caches.ts';
import type { Cloud } from './cloud.ts';
import { LiveChecks } from './live-checks.ts';
import { patchHostSubnet, patchNetNamespace } from './openshift-sdn/patches.ts';
import { Stale } from './stale.ts';

/** How an action ended, where «it threw» does not say enough. */
export interface Outcome {
  /** IPs of which nobody knows yet whether the call took effect. */
  readonly unknown: readonly IPv4[];
  /** IPs for which it failed, others having succeeded. */
  readonly failed: ReadonlyMap<IPv4, Error>;
  /** IPs for which nothing was sent, because it was not our turn. */
  readonly delayed: readonly IPv4[];
}

const DONE: Outcome = { unknown: [], failed: new Map(), delayed: [] };

export interface ExecutorOptions {
  readonly client: KubeClient;
  readonly caches: Caches;
  readonly cloud: Cloud | undefined;
  /** Milliseconds for one request. */
  readonly timeout: number;
  readonly wallClock: () => Date;
  /** The cloud is not what the inventory says: have it read again soon. */
  readonly requestInventory: () => void;
}

export class Executor {
  readonly #options: ExecutorOptions;
  readonly #call: CallOptions;
  readonly #live: LiveChecks;

  constructor(options: ExecutorOptions) {
    this.#options = options;
    this.#call = { timeout: options.timeout };
    this.#live = new LiveChecks({ ...options, call: this.#call });
  }

  async execute(action: Action): Promise<Outcome> {
    switch (action.kind) {
      case 'claim':
        await this.#claim(action);
        return DONE;
      case 'name':
        await this.#patchAllocation(action.ip, action.resourceVersion, {
          spec: { namespace: action.namespace },
        });
        return DONE;
      case 'annotate':
        await this.#annotate(action);
        return DONE;
      case 'bind':
        await this.#bind(action);
        return DONE;
      case 'record': {
        const place = { node: action.node ?? null, interface: action.interfaceId ?? null };
        await this.#patchStatus(action.ip, action.resourceVersion, place);
        return DONE;
      }
      case 'assign':
        return await this.#cloud().assign(action.interfaceId, action.ips, {
          lane: action.lane,
          allowReassignment: false,
        });
      case 'reassign':
        return await this.#reassign(action);
      case 'unassign':
        await this.#live.released(action.checks);
        return await this.#cloud().unassign(action.interfaceId, action.ips, { lane: action.lane });
      case 'patchHostSubnet':
        await this.#live.released(action.checks);
        this.#options.caches.hostSubnets.upsert(
          await patchHostSubnet(this.#options.client, action, this.#call),
        );
        return DONE;
      case 'patchNetNamespace':
        await this.#live.released(action.checks);
        this.#options.caches.netNamespaces.upsert(
          await patchNetNamespace(this.#options.client, action, this.#call),
        );
        return DONE;
      case 'release':
        await this.#live.released(action.checks);
        for (const { ip, resourceVersion } of action.checks) {
          await this.#patchStatus(ip, resourceVersion, { phase: 'Releasing' });
        }
        return DONE;
      case 'rest':
        await this.#rest(action.ip, action.checks);
        return DONE;
      case 'delete':
        await this.#delete(action);
        return DONE;
      case 'finalizeEgressIPAM':
        await this.#finalize(action);
        return DONE;
    }
  }

  async #claim(action: Extract<Action, { kind: 'claim' }>): Promise<void> {
    const { ip, namespace, egressIPAM, cidr } = action;
    const { client, caches } = this.#options;
    const object = claimObject({ ip, namespace, egressIPAM, cidr, origin: 'automatic' }, randomUUID());
    try {
      caches.allocations.upsert(await client.create(ALLOCATIONS, object, this.#call));
    } catch (error) {
      if (!isApiError(error, 'alreadyExists')) throw error;
      // Not from the cache, which has not shown it yet: whoever holds it keeps it, and the next plan sees that.
      const holder = await client.get(ALLOCATIONS, formatIPv4(ip), this.#call);
      if (holder !== undefined) caches.allocations.upsert(holder);
      throw new Stale(`${formatIPv4(ip)} was claimed by somebody else meanwhile`);
    }
  }

  /** Takes IPs from another interface only where a look made for this move shows them where we had put them. */
  async #reassign(action: Extract<Action, { kind: 'reassign' }>): Promise<Outcome> {
    const { lane, interfaceId, from } = action;
    const located = await this.#cloud().locate(action.ips, { lane });
    const movable = action.ips.filter((ip) => located.holders.get(ip) === from.get(ip));
    if (movable.length < action.ips.length) this.#options.requestInventory();
    if (movable.length === 0) throw new Stale('the IPs are not where they were');
    return await this.#cloud().assign(interfaceId, movable, { lane, allowReassignment: true });
  }

  async #annotate(action: Extract<Action, { kind: 'annotate' }>): Promise<void> {
    const { namespace, resourceVersion, egressIPs } = action;
    const { client, caches } = this.#options;
    const annotations = { [EGRESSIPS_ANNOTATION]: egressIPs ?? null };
    const patch = { metadata: { resourceVersion, annotations } };
    caches.namespaces.upsert(
      await client.patch(NAMESPACES, namespace, 'application/merge-patch+json', patch, this.#call),
    );
  }

  /** The finalizer first: nothing outside is written for an IP before the API server holds both. */
  async #bind(action: Extract<Action, { kind: 'bind' }>): Promise<void> {
    const { ip, namespaceUID, node, interfaceId } = action;
    const stored = this.#options.caches.allocations.store.get(formatIPv4(ip));
    if (stored === undefined || stored.metadata.resourceVersion !== action.resourceVersion) {
      throw new Stale(`the allocation of ${formatIPv4(ip)} has changed`);
    }
    let { resourceVersion } = stored.metadata;
    const finalizers = stored.metadata.finalizers ?? [];
    if (!finalizers.includes(FINALIZER)) {
      const bound = await this.#patchAllocation(ip, resourceVersion, {
        metadata: { finalizers: [...finalizers, FINALIZER] },
      });
      resourceVersion = bound.metadata.resourceVersion;
    }
    const place = { node: node ?? null, interface: interfaceId ?? null };
    await this.#patchStatus(ip, resourceVersion, { phase: 'Bound', namespaceUID, conditions: [], ...place });
  }

  /** `Resting` only after live reads, made now, show the IP nowhere. */
  async #rest(ip: IPv4, checks: readonly ReleaseCheck[]): Promise<void> {
    await this.#live.released(checks);
    await this.#live.nowhere(ip);
    const [check] = checks;
    if (check === undefined) return;
    const condition = {
      type: RELEASED_CONDITION,
      status: 'True',
      reason: 'Released',
      message: 'Taken off; rests until nobody outside remembers it.',
      lastTransitionTime: rfc3339(this.#options.wallClock()),
    };
    const rested = await this.#patchStatus(ip, check.resourceVersion, {
      phase: 'Resting',
      conditions: [condition],
    });
    const finalizers = (rested.metadata.finalizers ?? []).filter((name) => name !== FINALIZER);
    await this.#patchAllocation(ip, rested.metadata.resourceVersion, { metadata: { finalizers } });
  }

  async #delete(action: Extract<Action, { kind: 'delete' }>): Promise<void> {
    const { ip, uid, resourceVersion, namespace } = action;
    const { client, caches } = this.#options;
    await this.#live.unlisted(ip, namespace);
    const name = formatIPv4(ip);
    await client.delete(ALLOCATIONS, name, { uid, resourceVersion }, this.#call);
    const object = caches.allocations.store.get(name);
    if (object?.metadata.uid === uid) caches.allocations.remove(object);
  }

  async #finalize(action: Extract<Action, { kind: 'finalizeEgressIPAM' }>): Promise<void> {
    const { name, resourceVersion, finalizers } = action;
    const { client, caches } = this.#options;
    const patch = { metadata: { resourceVersion, finalizers } };
    const reply = await client.patch(EGRESSIPAMS, name, 'application/merge-patch+json', patch, this.#call);
    const isGone = reply.metadata.deletionTimestamp !== undefined && finalizers.length === 0;
    if (isGone) caches.egressIPAMs.remove(reply);
    else caches.egressIPAMs.upsert(reply);
  }

  async #patchStatus(
    ip: IPv4,
    resourceVersion: string,
    status: Record<string, unknown>,
  ): Promise<AllocationObject> {
    return await this.#patchAllocation(ip, resourceVersion, { status }, { subresource: 'status' });
  }

  async #patchAllocation(
    ip: IPv4,
    resourceVersion: string,
    change: Record<string, unknown>,
    of: { readonly subresource?: 'status' } = {},
  ): Promise<AllocationObject> {
    const { client, caches } = this.#options;
    const metadata = { ...(change.metadata as object | undefined), resourceVersion };
    const reply = await client.patch(
      ALLOCATIONS,
      formatIPv4(ip),
      'application/merge-patch+json',
      { ...change, metadata },
      { ...this.#call, ...of },
    );
    const isGone = reply.metadata.deletionTimestamp !== undefined && hasNoFinalizer(reply);
    if (isGone) caches.allocations.remove(reply);
    else caches.allocations.upsert(reply);
    return reply;
  }

  #cloud(): Cloud {
    const { cloud } = this.#options;
    if (cloud === undefined) throw new Error('an EC2 call was planned where there is no EC2');
    return cloud;
  }
}

function hasNoFinalizer(object: KubeObject): boolean {
  return (object.metadata.finalizers ?? []).length === 0;
}

function rfc3339(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}
