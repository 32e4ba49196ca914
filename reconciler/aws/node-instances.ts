// Which instance is each node, of which type, and which is its primary interface? None of it changes while an instance
// runs, and EC2 tells all addresses of an instance along with it: so those of Ready nodes are asked for seldom.
import type { Instance, PrimaryInterface } from './ec2.ts';
import { type CloudError, isCloudError } from './errors.ts';
import { inChunks, type Reads } from './paced-reads.ts';

/** A node of this cluster. */
export interface NodeRef {
  readonly name: string;
  /** `aws:///eu-central-1a/i-0123…`, or undefined while the cloud provider has not set it. */
  readonly providerID: string | undefined;
  /** One that is not may be stopped and come back as another type, or be gone for good. */
  readonly ready: boolean;
}

/** An instance that is present. */
export interface NodeInstance {
  readonly node: string;
  readonly id: string;
  readonly type: string;
  readonly eni: PrimaryInterface;
  /** It was described before this look, which holds only if its interface is still seen on it. */
  readonly isRemembered: boolean;
}

interface Known {
  readonly type: string;
  readonly eni: PrimaryInterface;
  readonly readAt: number;
}

const FRESH_MS = 600_000;

/** Remembers the present instances of Ready nodes for ten minutes; all others are asked for each time. */
export class NodeInstances {
  readonly #known = new Map<string, Known>();

  /**
   * The present instances of the nodes, by the nodes' names; fills in why others could not be found. Those that are
   * shutting down or terminated are in neither.
   */
  async of(
    reads: Reads,
    nodes: readonly NodeRef[],
    now: number,
    unknownNodes: Map<string, string>,
  ): Promise<NodeInstance[]> {
    for (const [id, { readAt }] of this.#known) if (now - readAt >= FRESH_MS) this.#known.delete(id);
    const nodeOf = byInstance(nodes, unknownNodes);
    for (const [id, { ready }] of nodeOf) if (!ready) this.#known.delete(id);
    // As of now: what is forgotten during the calls is asked for in the next look.
    const remembered = new Map(this.#known);
    const { instances, failures } = await describe(
      reads,
      [...nodeOf.keys()].filter((id) => !remembered.has(id)),
    );
    const found: NodeInstance[] = [];
    for (const [id, { name: node, ready }] of nodeOf) {
      const isRemembered = remembered.has(id);
      const known = remembered.get(id) ?? presentIn(instances.get(id), now);
      if (known !== undefined) {
        if (ready && !isRemembered) this.#known.set(id, known);
        found.push({ node, id, type: known.type, eni: known.eni, isRemembered });
        continue;
      }
      const why = failures.get(id)?.message ?? whyUnknown(id, instances.get(id));
      if (why !== undefined) unknownNodes.set(node, why);
    }
    return found.sort((a, b) => (a.node < b.node ? -1 : 1));
  }

  /** Has them described anew the next time. */
  forget(ids: Iterable<string>): void {
    for (const id of ids) this.#known.delete(id);
  }

  /** The same for the one whose primary interface that is. */
  forgetOwnerOf(interfaceId: string): void {
    for (const [id, { eni }] of this.#known) if (eni.id === interfaceId) this.#known.delete(id);
  }

  forgetAll(): void {
    this.#known.clear();
  }
}

function presentIn(instance: Instance | undefined, now: number): Known | undefined {
  if (instance?.state !== 'present' || instance.primaryInterface === undefined) return undefined;
  return { type: instance.type, eni: instance.primaryInterface, readAt: now };
}

/** The nodes by their instances' ids; fills in which have none. */
function byInstance(nodes: readonly NodeRef[], unknownNodes: Map<string, string>): Map<string, NodeRef> {
  const nodeOf = new Map<string, NodeRef>();
  for (const node of nodes) {
    const { name, providerID } = node;
    const id = instanceIdOf(providerID);
    if (id === undefined) unknownNodes.set(name, `providerID "${providerID ?? ''}" names no EC2 instance`);
    else if (nodeOf.has(id)) unknownNodes.set(name, `node "${nodeOf.get(id)?.name}" has the same providerID`);
    else nodeOf.set(id, node);
  }
  return nodeOf;
}

/** The instance's ID at the end of `aws:///zone/i-…`. */
function instanceIdOf(providerID: string | undefined): string | undefined {
  return /^aws:\/\/.*\/(i-[0-9a-f]+)$/.exec(providerID ?? '')?.[1];
}

interface Described {
  readonly instances: ReadonlyMap<string, Instance>;
  /** Of those that could not be asked for. */
  readonly failures: ReadonlyMap<string, CloudError>;
}

async function describe(reads: Reads, ids: readonly string[]): Promise<Described> {
  const instances = new Map<string, Instance>();
  const failures = new Map<string, CloudError>();
  const ask = async (chunk: readonly string[]) => {
    try {
      for (const one of await reads.instances(chunk)) instances.set(one.id, one);
    } catch (error) {
      if (!isCloudError(error)) throw error;
      for (const id of chunk) failures.set(id, error);
    }
  };
  await Promise.all(inChunks(ids.toSorted()).map(ask));
  return { instances, failures };
}

/** undefined for one that is gone: it is known to host nothing. */
function whyUnknown(id: string, instance: Instance | undefined): string | undefined {
  if (instance === undefined) return `EC2 does not know instance ${id}`;
  return instance.state === 'gone' ? undefined : `EC2 shows no primary interface of instance ${id}`;
}
