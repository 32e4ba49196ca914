// An executor on its stage: an API server in memory, caches that are up to date, and a cloud that writes down what it is asked.
import { Caches } from '../../reconciler/caches.ts';
import type { CallOutcome, Cloud, Whereabouts } from '../../reconciler/cloud.ts';
import { Executor } from '../../reconciler/execute.ts';
import { Stale } from '../../reconciler/stale.ts';
import type { Inventory } from '../../shared/inventory.ts';
import type { IPv4 } from '../../shared/ip.ts';
import type { KubeObject } from '../../shared/kinds.ts';
import { isApiError } from '../../shared/kube/client.ts';
import {
  ALLOCATIONS,
  HOST_SUBNETS,
  NAMESPACES,
  NET_NAMESPACES,
  type Resource,
} from '../../shared/kube/resources.ts';
import { EGRESSIPAM_ANNOTATION, EGRESSIPS_ANNOTATION, FINALIZER } from '../../shared/names.ts';
import type { Action, ReleaseCheck } from '../../shared/plan/actions.ts';
import { FakeKubeClient } from '../fakes/kube-client.ts';
import { ManualClock } from '../shared/manual-clock.ts';
import { cidr, ip } from '../shared/plan/cluster.ts';

/** The address of every allocation here. */
export const TEXT = '10.0.1.10';
export const IP = ip(TEXT);

/** One node, n1; where an IP is found is for the test to say. */
export class RecordingCloud implements Cloud {
  readonly asked: string[] = [];
  inventory: Inventory | undefined = inventoryWith({});
  readonly unsettled = new Map<IPv4, number>();
  whereabouts: Whereabouts = { holders: new Map(), unknown: [] };

  async refresh(): Promise<Inventory> {
    throw new Error('the executor does not refresh');
  }

  startAfresh(): void {}

  async locate(): Promise<Whereabouts> {
    this.asked.push('locate');
    return this.whereabouts;
  }

  async assign(
    id: string,
    ips: readonly IPv4[],
    { lane, allowReassignment }: { lane: string; allowReassignment: boolean },
  ): Promise<CallOutcome> {
    this.asked.push(`assign ${ips.length} to ${id} for ${lane}${allowReassignment ? ', moving' : ''}`);
    return { done: ips, failed: new Map(), unknown: [], delayed: [] };
  }

  async unassign(id: string, ips: readonly IPv4[], { lane }: { lane: string }): Promise<CallOutcome> {
    this.asked.push(`unassign ${ips.length} from ${id} for ${lane}`);
    return { done: ips, failed: new Map(), unknown: [], delayed: [] };
  }

  nextAvailableIn(): number {
    return 0;
  }
}

/** What EC2 shows: n1, and nodes that cannot be read, with the reason. */
export function inventoryWith(unknown: Readonly<Record<string, string>>): Inventory {
  const subnet = cidr('10.0.1.0/24');
  const host = {
    node: 'n1',
    interfaceId: 'eni-n1',
    subnetId: 'subnet-1',
    subnet,
    primary: ip('10.0.1.201'),
    secondary: [],
    slots: 9,
  };
  return {
    hosts: new Map([['n1', host]]),
    unknownNodes: new Map(Object.entries(unknown)),
    holders: new Map(),
    kept: [],
    subnets: [subnet],
    reservations: [],
    observedAt: 0,
  };
}

export interface Stage {
  readonly client: FakeKubeClient;
  readonly caches: Caches;
  readonly cloud: RecordingCloud;
  /** How many looks at the cloud were asked for. */
  readonly looks: { count: number };
  /** Carries it out. Answers with the calls made, first those to the API server, and with how it ended unless well. */
  calls(action: Action): Promise<string[]>;
  check(): ReleaseCheck;
  version(resource: Resource, name: string): string;
}

export interface StageOptions {
  readonly platform?: 'assigns' | 'does not assign';
  readonly withCloud?: false;
}

/** Namespace `a`, its allocation, NetNamespace and node n1, as `prepare` leaves them. */
export async function startStage(
  t: { teardown(handler: () => Promise<void>): unknown },
  prepare: (client: FakeKubeClient) => void = () => {},
  { platform = 'does not assign', withCloud }: StageOptions = {},
): Promise<Stage> {
  const client = new FakeKubeClient();
  client.put(NAMESPACES, namespace());
  client.put(ALLOCATIONS, allocation());
  client.put(HOST_SUBNETS, { metadata: { name: 'n1' }, host: 'n1', hostIP: '10.0.1.201', subnet: '' });
  client.put(NET_NAMESPACES, { metadata: { name: 'a' }, netname: 'a', netid: 1 });
  prepare(client);
  const caches = new Caches({
    client,
    platform,
    clock: new ManualClock(),
    onChange: () => {},
    onError: (error) => {
      throw error;
    },
  });
  await caches.start();
  t.teardown(() => caches.stop());
  const cloud = new RecordingCloud();
  const looks = { count: 0 };
  const executor = new Executor({
    client,
    caches,
    cloud: withCloud === false ? undefined : cloud,
    timeout: 5_000,
    wallClock: () => new Date('2026-11-22T08:00:00.123Z'),
    requestInventory: () => {
      looks.count += 1;
    },
  });
  const version = (resource: Resource, name: string) =>
    client.stored<KubeObject>(resource, name)?.metadata.resourceVersion ?? '';
  return {
    client,
    caches,
    cloud,
    looks,
    version,
    check: () => ({ ip: IP, namespace: 'a', resourceVersion: version(ALLOCATIONS, TEXT) }),
    async calls(action) {
      client.calls.length = 0;
      cloud.asked.length = 0;
      const end = await executor.execute(action).then(() => [], nameOf);
      return [...client.calls, ...cloud.asked, ...end];
    },
  };
}

function nameOf(error: unknown): string[] {
  if (error instanceof Stale) return ['stale'];
  if (isApiError(error)) return [error.code];
  throw error;
}

/** Namespace `a`, opted in, listing these. */
export function namespace(...ips: readonly string[]): object {
  const annotations = { [EGRESSIPAM_ANNOTATION]: 'pool', [EGRESSIPS_ANNOTATION]: ips.join(',') };
  return { metadata: { name: 'a', annotations } };
}

/** A claim of namespace `a`, unless more is said. */
export function allocation(more: { metadata?: object; spec?: object; status?: object } = {}): object {
  return {
    metadata: { name: TEXT, ...more.metadata },
    spec: { egressIPAM: 'pool', cidr: '10.0.1.0/24', namespace: 'a', claim: 'token', ...more.spec },
    ...(more.status === undefined ? {} : { status: more.status }),
  };
}

/** One that is ours and being released. */
export function releasing(): object {
  const status = { phase: 'Releasing', namespaceUID: 'uid', node: 'n1', interface: 'eni-n1' };
  return allocation({ metadata: { finalizers: [FINALIZER, 'somebody/else'] }, status });
}
