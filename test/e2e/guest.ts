// The suite as a guest on somebody's API server: comes only where it disturbs nobody, takes note of what it may change, and
// leaves everything as it was. Apart from the files of stories, so that it does so also when one of them crashes.
import { isDeepStrictEqual } from 'node:util';
import type { KubeObject } from '../../shared/kinds.ts';
import { isApiError, type KubeClient } from '../../shared/kube/client.ts';
import { type Connection, connect } from '../../shared/kube/connection.ts';
import {
  ALLOCATIONS,
  EGRESSIPAMS,
  EVENTS,
  HOST_SUBNETS,
  INFRASTRUCTURES,
  MUTATING_WEBHOOK_CONFIGURATIONS,
  NAMESPACES,
  NET_NAMESPACES,
  NODES,
  type Resource,
  VALIDATING_WEBHOOK_CONFIGURATIONS,
} from '../../shared/kube/resources.ts';
import { OPERATOR_NAMESPACE, WEBHOOK_CONFIGURATION } from '../../shared/names.ts';
import { CRDS } from '../sandbox/crds.ts';
import { installation } from '../stack/objects.ts';
import { eventually } from './eventually.ts';
import { finishNamespace, hasNamespaceController } from './finish.ts';
import { minorVersion } from './install.ts';
import { readKubeconfig } from './kubeconfig.ts';
import { isMarked, isOfAStory } from './marks.ts';
import { RawApi } from './raw-api.ts';

const OLDEST = 25;
const RBAC = { group: 'rbac.authorization.k8s.io', version: 'v1', namespaced: false };
const CLUSTER_ROLES: Resource = { ...RBAC, plural: 'clusterroles', kind: 'ClusterRole' };
const CLUSTER_ROLE_BINDINGS: Resource = {
  ...RBAC,
  plural: 'clusterrolebindings',
  kind: 'ClusterRoleBinding',
};
const WEBHOOKS = [MUTATING_WEBHOOK_CONFIGURATIONS, VALIDATING_WEBHOOK_CONFIGURATIONS];
/** What exists of these may be changed, added to or deleted by the product or the SDN. */
const SHARED: readonly Resource[] = [INFRASTRUCTURES, HOST_SUBNETS, NET_NAMESPACES];
/** What has the installation's names among these it may replace; what it adds is marked. */
const INSTALLED: readonly Resource[] = [CRDS, CLUSTER_ROLES, CLUSTER_ROLE_BINDINGS];
/** Each of these belongs to the namespace or node of its name. */
const OWNERS: ReadonlyMap<Resource, Resource> = new Map<Resource, Resource>([
  [NET_NAMESPACES, NAMESPACES],
  [HOST_SUBNETS, NODES],
]);
const COMPONENT = 'egressip-ipam-reconciler';

export class Guest {
  readonly version: string;
  readonly #client: Connection;
  readonly #raw: RawApi;
  readonly #before = new Map<Resource, ReadonlyMap<string, KubeObject>>();
  /** Names of the namespaces and nodes that were there. */
  readonly #residents = new Map<Resource, ReadonlySet<string>>();
  readonly #finishes: boolean;

  /** Throws, with the reason, where the suite would disturb somebody. Takes away what an earlier run had to leave. */
  static async enter(kubeconfig: string): Promise<Guest> {
    const config = await readKubeconfig(kubeconfig);
    const client = connect(config, { userAgent: 'egressip-ipam-e2e' });
    const raw = new RawApi(config);
    try {
      const minor = await minorVersion(raw);
      const why =
        minor < OLDEST ? `it is Kubernetes 1.${minor}, and 1.${OLDEST} is the oldest` : await inUse(client);
      if (why !== undefined) throw new Error(`The suite cannot run on ${config.cluster.server}: ${why}.`);
      const guest = new Guest(client, raw, `1.${minor}`, !(await hasNamespaceController(client)));
      await guest.#takeAway();
      await guest.#takeNote();
      return guest;
    } catch (error) {
      await Promise.all([client.close(), raw.close()]);
      throw error;
    }
  }

  private constructor(client: Connection, raw: RawApi, version: string, finishes: boolean) {
    this.#client = client;
    this.#raw = raw;
    this.version = version;
    this.#finishes = finishes;
  }

  /** Everything is as it was when the suite came. */
  async restore(): Promise<void> {
    await this.#takeAway();
    for (const [resource, before] of this.#before) await this.#putBack(resource, before);
  }

  async leave(): Promise<void> {
    try {
      await this.restore();
    } finally {
      await Promise.all([this.#client.close(), this.#raw.close()]);
    }
  }

  async #takeNote(): Promise<void> {
    for (const resource of SHARED) await this.#note(resource, () => true);
    for (const resource of INSTALLED) {
      const names = namesInstalled(resource.kind);
      await this.#note(resource, ({ metadata }) => names.has(metadata.name));
    }
    for (const resource of OWNERS.values()) this.#residents.set(resource, await this.#namesOf(resource));
  }

  async #note(resource: Resource, concerns: (object: KubeObject) => boolean): Promise<void> {
    const objects = (await listIfServed(this.#client, resource))?.filter(concerns);
    if (objects === undefined) return;
    this.#before.set(resource, new Map(objects.map((object) => [object.metadata.name, object])));
  }

  async #namesOf(resource: Resource): Promise<Set<string>> {
    return new Set((await this.#client.list(resource)).items.map(({ metadata }) => metadata.name));
  }

  /** What carries the suite's mark or names, in an order in which nothing waits for what is gone already. */
  async #takeAway(): Promise<void> {
    // Without roles nobody who was left running by a crash writes back what is taken away here.
    for (const resource of [...WEBHOOKS, CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES]) {
      await this.#remove(resource, isMarked);
    }
    await this.#remove(ALLOCATIONS, (object) => isOfAStory(named(specOf(object).egressIPAM)));
    await this.#remove(EGRESSIPAMS, isOfAStory);
    await this.#removeEvents();
    await this.#removeNamespaces();
    for (const resource of [NODES, INFRASTRUCTURES, CRDS]) await this.#remove(resource, isMarked);
  }

  async #remove(resource: Resource, isOurs: (object: KubeObject) => boolean): Promise<void> {
    const find = async () => ((await listIfServed(this.#client, resource)) ?? []).filter(isOurs);
    for (const { metadata } of await find()) {
      // Nobody is left who would take its own finalizers off; those of the API server itself are for it.
      if (metadata.finalizers !== undefined && resource !== CRDS) {
        await this.#unlessGone(() =>
          this.#client.patch(resource, metadata.name, 'application/merge-patch+json', {
            metadata: { finalizers: null },
          }),
        );
      }
      await this.#client.delete(resource, metadata.name, {});
    }
    await eventually(
      `${resource.plural} of the suite are gone`,
      async () => (await find()).map(({ metadata }) => metadata.name),
      (left) => left.length === 0,
    );
  }

  async #removeNamespaces(): Promise<void> {
    const isOurs = (object: KubeObject) => isMarked(object) || isOfAStory(object);
    const find = async () => (await this.#client.list(NAMESPACES)).items.filter(isOurs);
    for (const { metadata } of await find()) await this.#client.delete(NAMESPACES, metadata.name, {});
    const look = async () => {
      const left = await find();
      if (this.#finishes)
        for (const namespace of left) await finishNamespace(this.#client, this.#raw, namespace);
      return left.map(({ metadata }) => metadata.name);
    };
    await eventually('namespaces of the suite are gone', look, (left) => left.length === 0);
  }

  /** Events about EgressIPAMs are in `default`. */
  async #removeEvents(): Promise<void> {
    const options = { namespace: 'default' };
    const { items } = await this.#client.list(EVENTS, options);
    for (const event of items as readonly (KubeObject & { source?: { component?: string } })[]) {
      if (event.source?.component === COMPONENT)
        await this.#client.delete(EVENTS, event.metadata.name, {}, options);
    }
  }

  async #putBack(resource: Resource, before: ReadonlyMap<string, KubeObject>): Promise<void> {
    const now = new Map(
      (await this.#client.list(resource)).items.map((object) => [object.metadata.name, object]),
    );
    if (SHARED.includes(resource)) {
      const others = await this.#newcomers(resource);
      for (const name of now.keys()) {
        if (!before.has(name) && !others.has(name)) await this.#client.delete(resource, name, {});
      }
    }
    for (const [name, object] of before) {
      const found = now.get(name);
      if (found === undefined) {
        // Whoever took away one of the others while the suite was there was somebody else.
        if (SHARED.includes(resource)) await this.#client.create(resource, fresh(resource, object));
      } else if (!isDeepStrictEqual(essence(resource, found), essence(resource, object))) {
        await this.#replace(resource, object, found);
      }
    }
  }

  /** Those that belong to a namespace or node that came in the meantime and is none of the suite's. */
  async #newcomers(resource: Resource): Promise<ReadonlySet<string>> {
    const owner = OWNERS.get(resource);
    if (owner === undefined) return new Set();
    const residents = this.#residents.get(owner);
    return new Set([...(await this.#namesOf(owner))].filter((name) => !residents?.has(name)));
  }

  /** Spec and status are written apart where the kind has them apart; where not, there is nothing more to write. */
  async #replace(resource: Resource, object: KubeObject, { metadata }: KubeObject): Promise<void> {
    const { resourceVersion } = metadata;
    const written = await this.#client.replace(resource, {
      ...fresh(resource, object),
      metadata: { ...object.metadata, resourceVersion },
    });
    if (!('status' in object) || resource === CRDS) return;
    const version = { ...object.metadata, resourceVersion: written.metadata.resourceVersion };
    await this.#unlessGone(() =>
      this.#client.replace(
        resource,
        { ...fresh(resource, object), metadata: version },
        { subresource: 'status' },
      ),
    );
  }

  async #unlessGone(write: () => Promise<unknown>): Promise<void> {
    try {
      await write();
    } catch (error) {
      if (!isApiError(error, 'notFound')) throw error;
    }
  }
}

/** What the installation calls its objects of a kind. */
function namesInstalled(kind: string): ReadonlySet<string> {
  const ours = installation().filter((object) => object.kind === kind);
  return new Set(ours.map(({ metadata }) => metadata.name));
}

/** Why the product, or somebody's use of it, would be disturbed. */
async function inUse(client: KubeClient): Promise<string | undefined> {
  for (const resource of WEBHOOKS) {
    const found = await client.get(resource, WEBHOOK_CONFIGURATION);
    if (found !== undefined && !isMarked(found))
      return `${resource.kind} ${WEBHOOK_CONFIGURATION} exists; the product runs there`;
  }
  const namespace = await client.get(NAMESPACES, OPERATOR_NAMESPACE);
  if (namespace !== undefined && !isMarked(namespace))
    return `namespace ${OPERATOR_NAMESPACE} exists; the product runs there`;
  const egressIPAMs = (await listIfServed(client, EGRESSIPAMS)) ?? [];
  const others = egressIPAMs.filter((object) => !isOfAStory(object)).map(({ metadata }) => metadata.name);
  return others.length === 0
    ? undefined
    : `EgressIPAMs exist (${others.join(', ')}); the product would serve them`;
}

/** undefined: the kind is not served. */
async function listIfServed(
  client: KubeClient,
  resource: Resource,
): Promise<readonly KubeObject[] | undefined> {
  try {
    return (await client.list(resource)).items;
  } catch (error) {
    if (isApiError(error, 'notFound')) return undefined;
    throw error;
  }
}

/** The object as it can be written. */
function fresh({ group, version, kind }: Resource, { metadata, ...rest }: KubeObject): KubeObject {
  const { uid: _, resourceVersion: __, creationTimestamp: ___, ...kept } = metadata;
  const apiVersion = group === '' ? version : `${group}/${version}`;
  return { ...rest, apiVersion, kind, metadata: kept as KubeObject['metadata'] };
}

/** What of an object is worth putting back. The status of a CRD is the API server's own. */
function essence(resource: Resource, { metadata, ...rest }: KubeObject): object {
  const { labels = {}, annotations = {}, finalizers = [] } = metadata;
  const status = resource === CRDS ? { status: undefined } : {};
  return { ...rest, ...status, labels, annotations, finalizers };
}

function specOf(object: KubeObject): { readonly egressIPAM?: string } {
  return 'spec' in object ? (object.spec as { readonly egressIPAM?: string }) : {};
}

function named(name = ''): { readonly metadata: { readonly name: string } } {
  return { metadata: { name } };
}
