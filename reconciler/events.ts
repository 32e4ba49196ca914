// Tells tenants in their own namespace what becomes of their egress IPs, in their words; once per change, not per pass.
import { isApiError, type KubeClient } from '../shared/kube/client.ts';
import { EGRESSIPAMS, EVENTS, NAMESPACES, type Resource } from '../shared/kube/resources.ts';
import type { Action } from '../shared/plan/actions.ts';
import type { Notice } from '../shared/plan/desire.ts';
import type { World } from '../shared/plan/world.ts';

export interface EventRecorderOptions {
  readonly client: KubeClient;
  readonly identity: string;
  /** Who puts IPs on interfaces: what the platform has not assigned yet is not active. */
  readonly assigns: World['cloud'];
  readonly uidOf: (kind: Notice['about']['kind'], name: string) => string | undefined;
  readonly wallClock: () => Date;
  readonly onError: (error: unknown) => void;
}

type Assigned = Pick<World, 'netNamespaces' | 'platformAssignments'>;

const MOST_WAITING = 1_000;

export class EventRecorder {
  readonly #options: EventRecorderOptions;
  /** The troubles told of that last: told again only when they have gone and come back. */
  #told = new Set<string>();
  /** Namespaces that use IPs which the platform has not assigned yet. */
  readonly #unassigned = new Set<string>();
  readonly #waiting: Notice[] = [];
  #sending: Promise<void> | undefined;
  #stopped = false;
  #count = 0;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  /** The troubles of the latest plan: new ones are told. */
  troubles(notices: readonly Notice[]): void {
    const told = new Set<string>();
    for (const notice of notices) {
      const { about, reason, message } = notice;
      const key = `${about.kind}/${about.name}/${reason}/${message}`;
      if (!this.#told.has(key) && !told.has(key)) this.#send(notice);
      told.add(key);
    }
    this.#told = told;
  }

  /** Something was carried out that a tenant notices. */
  done(action: Action): void {
    const notice = noticeOf(action);
    if (notice === undefined) return;
    const { about, reason } = notice;
    if (reason === 'EgressIPsInactive') this.#unassigned.delete(about.name);
    if (reason === 'EgressIPsActive' && this.#options.assigns === 'platform')
      this.#unassigned.add(about.name);
    else this.#send(notice);
  }

  /** What a plan was made from: tells of the IPs that the platform has assigned since. */
  observed({ netNamespaces, platformAssignments }: Assigned): void {
    for (const namespace of this.#unassigned) {
      const used = netNamespaces.get(namespace);
      const isActive = [...(used?.ips ?? [])].every((ip) => platformAssignments.get(ip)?.isAssigned);
      if (!isActive) continue;
      this.#unassigned.delete(namespace);
      if (used !== undefined && used.ips.size > 0) this.#send(active(namespace, used.egressIPs));
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#waiting.length = 0;
    await this.#sending;
  }

  #send(notice: Notice): void {
    // Events are a courtesy: in a flood the latest are left out rather than kept without bound.
    if (this.#stopped || this.#waiting.length >= MOST_WAITING) return;
    this.#waiting.push(notice);
    this.#sending ??= this.#drain().finally(() => {
      this.#sending = undefined;
    });
  }

  async #drain(): Promise<void> {
    for (let notice = this.#waiting.shift(); notice !== undefined; notice = this.#waiting.shift()) {
      try {
        await this.#create(notice);
      } catch (error) {
        // Nobody is left to tell in a namespace that is gone or on its way out.
        if (!isApiError(error, 'forbidden', 'notFound')) this.#options.onError(error);
      }
    }
  }

  async #create(notice: Notice): Promise<void> {
    const { client, identity, uidOf, wallClock } = this.#options;
    const { kind, name } = notice.about;
    // An event lives in the namespace of what it is about; what is in none has its events in `default`.
    const namespace = kind === 'Namespace' ? name : 'default';
    const resource: Resource = kind === 'Namespace' ? NAMESPACES : EGRESSIPAMS;
    const time = `${wallClock().toISOString().slice(0, 19)}Z`;
    this.#count += 1;
    const event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: {
        name: `${name}.${wallClock().getTime().toString(16)}${this.#count.toString(16).padStart(4, '0')}`,
        namespace,
      },
      involvedObject: {
        apiVersion: resource.group === '' ? resource.version : `${resource.group}/${resource.version}`,
        kind,
        name,
        ...(kind === 'Namespace' ? { namespace } : {}),
        ...(uidOf(kind, name) === undefined ? {} : { uid: uidOf(kind, name) }),
      },
      type: notice.type,
      reason: notice.reason,
      message: notice.message.slice(0, 1024),
      source: { component: 'egressip-ipam-reconciler', host: identity },
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
    };
    await client.create(EVENTS, event, { namespace });
  }
}

function noticeOf(action: Action): Notice | undefined {
  if (action.kind === 'annotate' && action.egressIPs !== undefined) {
    const message = `The egress IPs of this namespace are now ${action.egressIPs}: ${action.why}`;
    return {
      about: { kind: 'Namespace', name: action.namespace },
      type: 'Normal',
      reason: 'EgressIPsChanged',
      message,
    };
  }
  if (action.kind !== 'patchNetNamespace') return undefined;
  const about = { kind: 'Namespace', name: action.namespace } as const;
  if (action.egressIPs.length === 0) {
    const message =
      'Traffic of this namespace leaves the cluster from the addresses of its nodes, as it has no egress IP';
    return { about, type: 'Normal', reason: 'EgressIPsInactive', message };
  }
  return active(action.namespace, action.egressIPs);
}

function active(name: string, egressIPs: readonly string[]): Notice {
  const message = `Traffic of this namespace leaves the cluster from ${egressIPs.join(', ')}`;
  return { about: { kind: 'Namespace', name }, type: 'Normal', reason: 'EgressIPsActive', message };
}
