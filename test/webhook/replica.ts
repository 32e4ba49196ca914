// One replica of the webhook without its server: view, claims and decisions over an API server in memory. Its caches know
// what it was told by sync(), and its own writes.
import type { EgressIPAMObject, KubeObject } from '../../shared/kinds.ts';
import { Claims } from '../../shared/kube/claims.ts';
import {
  ALLOCATIONS,
  EGRESSIPAMS,
  HOST_SUBNETS,
  NAMESPACES,
  NET_NAMESPACES,
  type Resource,
} from '../../shared/kube/resources.ts';
import { EGRESSIPS_ANNOTATION } from '../../shared/names.ts';
import { Admission } from '../../webhook/admit.ts';
import type { AdmissionRequest, Answer } from '../../webhook/review.ts';
import { View } from '../../webhook/view.ts';
import { FakeKubeClient } from '../fakes/kube-client.ts';

export interface ReplicaOptions {
  readonly api?: FakeKubeClient;
  readonly name?: string;
  readonly maxInFlight?: number;
  readonly random?: () => number;
  readonly observedAge?: (egressIPAM: string) => number | undefined;
}

export class Replica {
  readonly api: FakeKubeClient;
  readonly view: View;
  readonly admission: Admission;
  /** Why the caches are out of touch, when a test wants them so. */
  outOfTouch: string | undefined;
  /** Monotonic milliseconds; stands still unless a test moves it. */
  time = 0;
  collisions = 0;
  readonly #known = new Map<string, Map<string, KubeObject>>();
  #tokens = 0;

  constructor(options: ReplicaOptions = {}) {
    this.api = options.api ?? new FakeKubeClient();
    const now = () => this.time;
    this.view = new View({
      outOfTouch: () => this.outOfTouch,
      observedAge: options.observedAge ?? (() => 0),
      inventoryMaxAge: 300_000,
    });
    const claims = new Claims({
      client: this.api,
      newToken: () => `${options.name ?? 'replica'}-${++this.#tokens}`,
      now,
      seen: (object) => this.#learn(ALLOCATIONS, object.metadata.name, object),
      collided: () => {
        this.collisions += 1;
      },
    });
    this.admission = new Admission({
      view: this.view,
      claims,
      client: this.api,
      seen: (object) => this.#learn(EGRESSIPAMS, object.metadata.name, object),
      now,
      random: options.random ?? (() => 0),
      ownNamespace: 'egressip-ipam-operator',
      maxInFlight: options.maxInFlight ?? 100,
    });
  }

  /** Brings the caches up to date, of all kinds or of one. */
  sync(...resources: readonly Resource[]): void {
    const all = [EGRESSIPAMS, ALLOCATIONS, NAMESPACES, NET_NAMESPACES, HOST_SUBNETS];
    for (const resource of resources.length > 0 ? resources : all) {
      const stored = new Map(this.api.all(resource).map((object) => [object.metadata.name, object]));
      for (const name of this.#knownOf(resource).keys()) {
        if (!stored.has(name)) this.#learn(resource, name, undefined);
      }
      for (const [name, object] of stored) this.#learn(resource, name, object);
    }
  }

  /** The answer to a namespace request with ten seconds left. */
  async ask(request: AdmissionRequest): Promise<Answer> {
    return this.admission.namespace(request, this.time + 10_000);
  }

  #knownOf(resource: Resource): Map<string, KubeObject> {
    let known = this.#known.get(resource.plural);
    if (known === undefined) {
      known = new Map();
      this.#known.set(resource.plural, known);
    }
    return known;
  }

  #learn(resource: Resource, name: string, object: KubeObject | undefined): void {
    const known = this.#knownOf(resource);
    const previous = known.get(name);
    if (object === undefined) known.delete(name);
    else known.set(name, object);
    this.#tell(resource.plural, name, object as never, previous as never);
  }

  #tell(plural: string, name: string, object: never, previous: never): void {
    switch (plural) {
      case EGRESSIPAMS.plural:
        this.view.egressIPAMChanged(name, object);
        break;
      case ALLOCATIONS.plural:
        this.view.allocationChanged(name, object);
        break;
      case NAMESPACES.plural:
        this.view.namespaceChanged(name, object, previous);
        break;
      case NET_NAMESPACES.plural:
        this.view.netNamespaceChanged(name, object);
        break;
      default:
        this.view.hostSubnetChanged(name, object);
        break;
    }
  }
}

/** A replica that knows everything in this cluster. */
export function replicaOf(
  objects: readonly (readonly [Resource, KubeObject])[],
  options: ReplicaOptions = {},
): Replica {
  const replica = new Replica(options);
  for (const [resource, object] of objects) replica.api.put(resource, object);
  replica.sync();
  return replica;
}

/** The list that an answer patches in; null when it is removed, undefined when it is left alone. */
export function patchedList(answer: Answer): string | null | undefined {
  if (!answer.allowed) throw new Error(`denied: ${answer.message}`);
  const [first] = answer.patch ?? [];
  if (first === undefined) return undefined;
  if (first.op === 'remove') return null;
  const { value } = first;
  return typeof value === 'string' ? value : (value as Record<string, string>)[EGRESSIPS_ANNOTATION];
}

/** The answer in one line, for tables. */
export function tell(answer: Answer): string {
  if (!answer.allowed) {
    const retry = answer.retryAfterSeconds === undefined ? '' : ` (again in ${answer.retryAfterSeconds} s)`;
    return `${answer.code}: ${answer.message}${retry}`;
  }
  const list = patchedList(answer);
  const patch = list === undefined ? 'allowed' : list === null ? 'list removed' : `list ${list}`;
  return [patch, ...(answer.warnings ?? []).map((warning) => `warning: ${warning}`)].join('; ');
}

export type { EgressIPAMObject };
