// The webhook without sockets and processes: decoder, decisions and encoder joined as its server joins them, over a small API
// server in memory that is as it was before each request.
import type { FastifyInstance } from 'fastify';
import type { AllocationObject, KubeObject } from '../../shared/kinds.ts';
import { Claims } from '../../shared/kube/claims.ts';
import { ApiError, type KubeClient } from '../../shared/kube/client.ts';
import {
  ALLOCATIONS,
  EGRESSIPAMS,
  HOST_SUBNETS,
  NAMESPACES,
  NET_NAMESPACES,
  type Resource,
} from '../../shared/kube/resources.ts';
import { Admission } from '../../webhook/admit.ts';
import { buildApp } from '../../webhook/app.ts';
import { View } from '../../webhook/view.ts';
import { isSubdomain } from './oracle/labels.ts';
import { observedAge, WORLD } from './world.ts';

export type Path = '/mutate/namespaces' | '/validate/egressipams';

/** What one request brought about. */
export interface Reply {
  readonly status: number;
  readonly text: string;
  /** IPs that were claimed, with the namespace they were claimed for. */
  readonly claimed: ReadonlyMap<string, string>;
  /** What was thrown on the way; empty unless there is a bug. */
  readonly bugs: readonly string[];
}

/** So little time that nobody waits for an EgressIPAM to be looked at. */
const QUERY = '?timeout=1s';

export class WebhookUnderFuzz {
  readonly #view: View;
  readonly #app: FastifyInstance;
  readonly #stored = new Map<string, AllocationObject>();
  readonly #written = new Map<string, AllocationObject>();
  #bugs: string[] = [];
  #tokens = 0;

  constructor() {
    this.#view = new View({ outOfTouch: () => undefined, observedAge, inventoryMaxAge: 300_000 });
    for (const [resource, object] of WORLD) this.#learn(resource, object);
    const client = this.#client();
    const claims = new Claims({
      client,
      newToken: () => `token-${++this.#tokens}`,
      now: () => 0,
      seen: (object) => this.#view.allocationChanged(object.metadata.name, object),
    });
    const admission = new Admission({
      view: this.#view,
      claims,
      client,
      seen: (object) => this.#view.egressIPAMChanged(object.metadata.name, object),
      now: () => 0,
      random: () => 0.5,
      ownNamespace: 'egressip-ipam-operator',
      maxInFlight: 1_000,
    });
    this.#app = buildApp({
      admission,
      answered: () => {},
      onBug: (error) => this.#bugs.push(error instanceof Error ? `${error.stack}` : String(error)),
      isReady: () => true,
      now: () => 0,
    });
  }

  /** Everything is afterwards as it was before. */
  async post(path: Path, body: string): Promise<Reply> {
    this.#bugs = [];
    const response = await this.#app.inject({
      method: 'POST',
      url: path + QUERY,
      headers: { 'content-type': 'application/json' },
      payload: body,
    });
    const claimed = new Map([...this.#written].map(([ip, object]) => [ip, object.spec.namespace]));
    for (const ip of this.#written.keys()) this.#view.allocationChanged(ip, this.#stored.get(ip));
    this.#written.clear();
    return { status: response.statusCode, text: response.payload, claimed, bugs: this.#bugs };
  }

  async close(): Promise<void> {
    await this.#app.close();
  }

  #learn(resource: Resource, object: KubeObject): void {
    const { name } = object.metadata;
    switch (resource) {
      case EGRESSIPAMS:
        this.#view.egressIPAMChanged(name, object as never);
        break;
      case ALLOCATIONS:
        this.#stored.set(name, object as AllocationObject);
        this.#view.allocationChanged(name, object as AllocationObject);
        break;
      case NAMESPACES:
        this.#view.namespaceChanged(name, object, undefined);
        break;
      case NET_NAMESPACES:
        this.#view.netNamespaceChanged(name, object as never);
        break;
      case HOST_SUBNETS:
        this.#view.hostSubnetChanged(name, object as never);
        break;
    }
  }

  /** Nothing is ever another's in the caches than here, so no more than this is ever called. */
  #client(): Pick<KubeClient, 'get' | 'create' | 'replace'> {
    const find = (name: string) => this.#written.get(name) ?? this.#stored.get(name);
    const write = (object: AllocationObject) => {
      this.#written.set(object.metadata.name, object);
      return object;
    };
    return {
      get: async (resource, name) => {
        // In a URL it would be something else than a name.
        if (!isSubdomain(name))
          this.#bugs.push(`asks for an object called ${JSON.stringify(name.slice(0, 80))}`);
        return resource.plural === ALLOCATIONS.plural ? (find(name) as never) : undefined;
      },
      create: async (_resource, object) => {
        const allocation = object as AllocationObject;
        if (find(allocation.metadata.name) === undefined) return write(allocation) as never;
        throw new ApiError('alreadyExists', 'it exists', { status: 409 });
      },
      replace: async (_resource, object) => write(object as unknown as AllocationObject) as never,
    };
  }
}
