// What happens during a soak: one random event at a time, on namespaces, nodes and the network beneath. A refusal is
// part of life; anything that the API server itself cannot do is not.
import { setTimeout as delay } from 'node:timers/promises';
import { isApiError } from '../../shared/kube/client.ts';
import { NAMESPACES, NODES } from '../../shared/kube/resources.ts';
import { EGRESSIPAM_ANNOTATION, EGRESSIPS_ANNOTATION } from '../../shared/names.ts';
import type { Stack } from '../stack/stack.ts';

export interface Counts {
  namespaceEvents: number;
  nodeEvents: number;
  faults: number;
  refusals: number;
}

const MERGE = 'application/merge-patch+json';
const PREFIX = 'soak-';
/** Names in use; fewer namespaces live at a time, as each needs room on a node of each zone. */
const NAMES = 40;
const POOL = 'egressipam-aws';

export class Events {
  readonly counts: Counts = { namespaceEvents: 0, nodeEvents: 0, faults: 0, refusals: 0 };
  readonly #stack: Stack;
  readonly #random: () => number;
  readonly #nodes: readonly string[];

  constructor(stack: Stack, nodes: readonly string[], random: () => number) {
    this.#stack = stack;
    this.#nodes = nodes;
    this.#random = random;
  }

  async namespaceEvent(): Promise<void> {
    this.counts.namespaceEvents += 1;
    const name = `${PREFIX}${this.#below(NAMES)}`;
    const { client } = this.#stack;
    await this.#tolerating(async () => {
      const exists = (await client.get(NAMESPACES, name)) !== undefined;
      if (!exists) return await this.#create(name);
      switch (this.#below(8)) {
        case 0:
        case 1:
        case 2:
          return await client.delete(NAMESPACES, name, {});
        case 3:
          return await this.#annotate(name, { [EGRESSIPS_ANNOTATION]: this.#someIPs() });
        case 4:
          return await this.#annotate(name, { [EGRESSIPS_ANNOTATION]: null });
        case 5:
          return await this.#annotate(name, { [EGRESSIPAM_ANNOTATION]: null });
        case 6:
          return await this.#annotate(name, { [EGRESSIPAM_ANNOTATION]: POOL });
        default:
          await client.patch(NAMESPACES, name, MERGE, {
            metadata: { labels: { turn: `${this.#below(1000)}` } },
          });
      }
    });
  }

  async nodeEvent(): Promise<void> {
    this.counts.nodeEvents += 1;
    const name = this.#nodes[this.#below(this.#nodes.length)] ?? '';
    await this.#tolerating(async () => {
      const isUp = this.#random() < 0.7;
      if (this.#random() < 0.6) await this.#stack.tell(`nodes/${name}`, { ready: isUp });
      else
        await this.#stack.client.patch(NODES, name, MERGE, { spec: { unschedulable: isUp ? null : true } });
    });
  }

  /** Something that passes by itself. */
  async fault(): Promise<void> {
    this.counts.faults += 1;
    const { ready } = this.#stack;
    await this.#tolerating(async () => {
      switch (this.#below(6)) {
        case 0:
          return await this.#stack.tell('kube/restart', {});
        case 1:
          return await this.#stack.tell('kube/faults', {
            on: { resource: 'hostsubnets', verb: 'patch' },
            effect: { kind: 'drop', when: this.#random() < 0.5 ? 'before' : 'after' },
            times: 3,
          });
        case 2:
          return await this.#stack.tell('kube/faults', {
            on: { resource: 'egressipallocations' },
            effect: { kind: 'refuse', code: 503 },
            times: 10,
          });
        case 3:
          return await this.#stack.tell('ec2/faults', {
            kind: 'fail',
            action: '*',
            times: 5,
            code: 'RequestLimitExceeded',
          });
        case 4:
          return await this.#stack.tell('ec2/faults', {
            kind: 'lose',
            action: 'AssignPrivateIpAddresses',
            times: 1,
          });
        default:
          if (ready.ec2Url === null) return;
          await this.#stack.tell('ec2/taken', { ip: this.#someIPs().split(',')[0] ?? '' }).catch(() => {});
      }
    });
  }

  /** Everything is well again. */
  async calm(): Promise<void> {
    await this.#stack.tell('kube/faults', undefined, 'DELETE');
    await this.#stack.tell('ec2/faults', undefined, 'DELETE');
    for (const name of this.#nodes) {
      await this.#stack.tell(`nodes/${name}`, { ready: true });
      await this.#stack.client.patch(NODES, name, MERGE, { spec: { unschedulable: null } });
    }
  }

  async #create(name: string): Promise<void> {
    const list = this.#random() < 0.25 ? { [EGRESSIPS_ANNOTATION]: this.#someIPs() } : {};
    const opted = this.#random() < 0.9 ? { [EGRESSIPAM_ANNOTATION]: POOL, ...list } : {};
    await this.#stack.client.create(NAMESPACES, { metadata: { name, annotations: opted } });
  }

  async #annotate(name: string, annotations: Record<string, string | null>): Promise<void> {
    await this.#stack.client.patch(NAMESPACES, name, MERGE, { metadata: { annotations } });
  }

  /** From a small part of each CIDR, so that requests collide. */
  #someIPs(): string {
    return ['10.0.140', '10.0.150', '10.0.165'].map((net) => `${net}.${1 + this.#below(60)}`).join(',');
  }

  async #tolerating(event: () => Promise<unknown>): Promise<void> {
    try {
      await event();
    } catch (error) {
      if (!isApiError(error)) throw error;
      this.counts.refusals += 1;
      if (error.code === 'unavailable') await delay(50);
    }
  }

  #below(n: number): number {
    return Math.floor(this.#random() * n);
  }
}
