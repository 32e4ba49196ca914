// What is looked at live right before a write that gives something up, because a cache may be behind: does the namespace
// list the IP, is the allocation as planned on, is the IP on nothing of ours? Each check passes, or throws Stale.
import { listedIPs } from '../shared/annotation.ts';
import { formatIPv4, type IPv4 } from '../shared/ip.ts';
import type { CallOptions, KubeClient } from '../shared/kube/client.ts';
import { ALLOCATIONS, HOST_SUBNETS, NAMESPACES, NET_NAMESPACES } from '../shared/kube/resources.ts';
import type { ReleaseCheck } from '../shared/plan/actions.ts';
import type { Caches } from './caches.ts';
import type { Cloud } from './cloud.ts';
import { CLOUD_PRIVATE_IP_CONFIGS } from './platform-assigns/resource.ts';
import { SharedRead } from './shared-read.ts';
import { Stale } from './stale.ts';

export interface LiveChecksOptions {
  readonly client: KubeClient;
  /** Told of what is found to be newer. */
  readonly caches: Caches;
  readonly cloud: Cloud | undefined;
  readonly call: CallOptions;
  /** The cloud is not what the inventory says: have it read again soon. */
  readonly requestInventory: () => void;
}

export class LiveChecks {
  readonly #options: LiveChecksOptions;
  /** Which NetNamespace or HostSubnet has each IP. */
  readonly #usersOfIPs: SharedRead<ReadonlyMap<string, string>>;

  constructor(options: LiveChecksOptions) {
    this.#options = options;
    this.#usersOfIPs = new SharedRead(() => this.#readUsersOfIPs());
  }

  /** A release goes on only while the allocation is as planned on and its namespace does not list the IP. */
  async released(checks: readonly ReleaseCheck[]): Promise<void> {
    const { client, caches, call } = this.#options;
    await Promise.all(
      checks.map(async ({ ip, namespace, resourceVersion }) => {
        const [allocation] = await Promise.all([
          client.get(ALLOCATIONS, formatIPv4(ip), call),
          this.unlisted(ip, namespace),
        ]);
        if (allocation?.metadata.resourceVersion !== resourceVersion) {
          if (allocation !== undefined) caches.allocations.upsert(allocation);
          throw new Stale(`the allocation of ${formatIPv4(ip)} has changed`);
        }
      }),
    );
  }

  /** `name` is empty for a claim without a namespace's name: then no namespace at all may list the IP. */
  async unlisted(ip: IPv4, name: string): Promise<void> {
    const { client, caches, call } = this.#options;
    if (name === '') {
      const { items } = await client.list(NAMESPACES, call);
      if (items.some((namespace) => listedIPs(namespace).includes(ip))) {
        throw new Stale(`a namespace lists ${formatIPv4(ip)}`);
      }
      return;
    }
    const namespace = await client.get(NAMESPACES, name, call);
    if (namespace === undefined || !listedIPs(namespace).includes(ip)) return;
    caches.namespaces.upsert(namespace);
    throw new Stale(`namespace ${name} lists ${formatIPv4(ip)}`);
  }

  /** On no NetNamespace, no HostSubnet and no interface of ours. */
  async nowhere(ip: IPv4): Promise<void> {
    const { client, caches, cloud, call } = this.#options;
    const text = formatIPv4(ip);
    const [users, located, config] = await Promise.all([
      this.#usersOfIPs.ask(),
      cloud?.locate([ip], { lane: 'cleanup' }),
      caches.platformConfigs === undefined ? undefined : client.get(CLOUD_PRIVATE_IP_CONFIGS, text, call),
    ]);
    if (users.has(text)) throw new Stale(`${text} is still on ${users.get(text)}`);
    if (config !== undefined) throw new Stale(`the platform has not unassigned ${text} yet`);
    if (located?.unknown.includes(ip) === true && this.#areNodesHidden())
      throw new Stale(`nobody knows on which interface ${text} is`);
    const holder = located?.holders.get(ip);
    if (holder !== undefined && this.#mayBeNodes(holder, ip)) {
      this.#options.requestInventory();
      throw new Stale(`${text} is still on interface ${holder}`);
    }
  }

  /**
   * While a node cannot be read, an interface that no other node is known by may be that one's. What a node has as its own
   * address was never put there by us.
   */
  #mayBeNodes(interfaceId: string, ip: IPv4): boolean {
    const hosts = [...(this.#options.cloud?.inventory?.hosts.values() ?? [])];
    const host = hosts.find((one) => one.interfaceId === interfaceId);
    return host === undefined ? this.#areNodesHidden() : host.primary !== ip;
  }

  /** Where all can be read, an IP outside all their subnets is on no interface of ours: its zone has lost its last node. */
  #areNodesHidden(): boolean {
    const { inventory } = this.#options.cloud ?? {};
    return inventory === undefined || inventory.unknownNodes.size > 0;
  }

  async #readUsersOfIPs(): Promise<ReadonlyMap<string, string>> {
    const { client, call } = this.#options;
    const [netNamespaces, hostSubnets] = await Promise.all([
      client.list(NET_NAMESPACES, call),
      client.list(HOST_SUBNETS, call),
    ]);
    const users = new Map<string, string>();
    for (const { metadata, egressIPs } of netNamespaces.items) {
      for (const ip of egressIPs ?? []) users.set(ip, `NetNamespace ${metadata.name}`);
    }
    for (const { metadata, egressIPs } of hostSubnets.items) {
      for (const ip of egressIPs ?? []) users.set(ip, `HostSubnet ${metadata.name}`);
    }
    return users;
  }
}
