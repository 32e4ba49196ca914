// Lives through a history: lets things happen, carries out actions in any order and to any extent, and says
// what went wrong. What it returns is a list of sentences, empty when every promise was kept.
import { formatIPv4, type IPv4 } from '../../../shared/ip.ts';
import { type Action, describe } from '../../../shared/plan/actions.ts';
import { isOutOfSight } from '../../../shared/plan/custody.ts';
import { type Plan, plan } from '../../../shared/plan/plan.ts';
import type { NamespaceFact } from '../../../shared/plan/world.ts';
import { apply } from './apply.ts';
import { addressesIn, type Cluster, copyOf, worldOf } from './cluster.ts';
import { happen } from './happen.ts';
import type { Happening } from './histories.ts';
import { faultsOf } from './invariants.ts';
import { verdictsOf } from './oracle.ts';
import { letSdnPlace, run } from './run.ts';

/** The story so far, for whoever has to understand a failure. */
export interface Life {
  readonly story: string[];
  readonly faults: string[];
}

/** The whole history, and then until it is quiet. */
export function live(cluster: Cluster, history: readonly Happening[]): Life {
  const life: Life = { story: [], faults: [] };
  for (const happening of history) {
    if (happening.kind === 'work') {
      work(cluster, happening.steps, happening.pick, life);
    } else {
      happen(cluster, happening);
      letSdnPlace(cluster);
      life.story.push(`* ${Object.values(happening).join(' ')}`);
    }
    if (life.faults.length > 0) return life;
  }
  comeToRest(cluster, life);
  return life;
}

/** Some actions of one plan, in any order; where `pick` says so, killed half way through each. */
function work(cluster: Cluster, steps: number, pick: number, life: Life): void {
  const made = plan(worldOf(cluster));
  const again = plan(worldOf(cluster));
  if (JSON.stringify(made.actions) !== JSON.stringify(again.actions)) {
    life.faults.push('two plans of one world differ');
  }
  const queue = [...made.actions];
  const extent = pick % 7 === 3 ? 'half' : 'whole';
  for (let step = 0; step < steps && queue.length > 0; step++) {
    const [action] = queue.splice((pick + step) % queue.length, 1);
    if (action !== undefined) carryOut(cluster, action, made, extent, life);
  }
}

function carryOut(cluster: Cluster, action: Action, made: Plan, extent: 'whole' | 'half', life: Life): void {
  const before = copyOf(cluster);
  const result = apply(cluster, action, extent);
  letSdnPlace(cluster);
  life.story.push(`${describe(action)}${result === 'done' ? '' : `: ${result}`}`);
  if (result.startsWith('refused')) life.faults.push(`${describe(action)}: ${result}`);
  life.faults.push(...faultsOf(before, action, cluster, made));
}

function comeToRest(cluster: Cluster, life: Life): void {
  try {
    run(cluster, {
      onStep: ({ before, action, after, plan: made }) => {
        life.story.push(describe(action));
        life.faults.push(...faultsOf(before, action, after, made));
      },
    });
  } catch (error) {
    life.faults.push(String(error));
  }
  if (life.faults.length === 0) life.faults.push(...leaks(cluster), ...unserved(cluster));
}

/** Nothing of ours that nobody lists is left anywhere. */
function leaks(cluster: Cluster): string[] {
  const left: string[] = [];
  const world = worldOf(cluster);
  const listed = new Set([...cluster.namespaces.values()].flatMap((namespace) => [...namespace.listed]));
  for (const allocation of cluster.allocations.values()) {
    const { ip, namespace } = allocation;
    const owner = cluster.namespaces.get(namespace);
    const isListed = namespace === '' ? listed.has(ip) : owner?.listed.has(ip) === true;
    if (isListed || isOutOfSight(allocation, world) || isNeeded(cluster, ip, owner)) continue;
    left.push(`the allocation of ${formatIPv4(ip)} is left`);
  }
  const places = [
    ...[...cluster.hostSubnets.values()].map((it) => ({ name: it.node, node: it.node, ips: it.ips })),
    ...[...cluster.interfaces.values()].map((it) => ({ name: it.id, node: it.node, ips: it.secondary })),
  ];
  for (const { name, node, ips } of places) {
    if (node === undefined || !cluster.nodes.has(node) || cluster.unread?.has(node) === true) continue;
    const forgotten = [...ips].filter((ip) => !cluster.allocations.has(ip) && !cluster.meddledWith.has(ip));
    left.push(...forgotten.map((ip) => `${formatIPv4(ip)} is left on ${name}`));
  }
  return left;
}

/** An old IP stays on while nothing serves in its place, and while nobody knows what should. */
function isNeeded(cluster: Cluster, ip: IPv4, owner: NamespaceFact | undefined): boolean {
  if (owner?.egressIPAM === undefined) return false;
  const used = cluster.netNamespaces.get(owner.name)?.ips;
  if (used?.has(ip) !== true) return false;
  if ([...used].some((it) => cluster.meddledWith.has(it))) return true;
  const from = verdictsOf(cluster).namespaces.get(owner.name)?.from ?? [];
  const served = addressesIn(from);
  const isReplaced = [...served].some((it) => owner.listed.has(it)) && !served.has(ip);
  return !isReplaced || !worldOf(cluster).egressIPAMs.valid.has(owner.egressIPAM);
}

/** Whoever has an IP that could serve is served, or told why not. */
function unserved(cluster: Cluster): string[] {
  const made = plan(worldOf(cluster));
  const { ips } = verdictsOf(cluster);
  return [...made.progress].flatMap(([ip, progress]) => {
    const text = formatIPv4(ip);
    const name = cluster.allocations.get(ip)?.namespace ?? '';
    if (progress === 'pending') return [`${text} is pending, and nothing happens`];
    if (progress === 'stuck') {
      const isTold = made.notices.some((notice) => notice.about.name === name);
      const isBlind = cluster.cloud === 'aws' && cluster.unread === undefined;
      return isTold || name === '' || isBlind ? [] : [`${text} is stuck, and nobody is told`];
    }
    const node = cluster.nodes.get(made.placements.get(ip)?.node ?? '');
    const isExcused =
      made.notices.some((notice) => notice.about.name === name) ||
      [...(cluster.netNamespaces.get(name)?.ips ?? [])].some((it) => cluster.meddledWith.has(it)) ||
      !cluster.netNamespaces.has(name) ||
      node === undefined ||
      node.notReadySince !== undefined ||
      cluster.unread?.has(node.name) === true;
    return isExcused || ips.get(text)?.delivers === true
      ? []
      : [`${text} does not serve: ${ips.get(text)?.reason}`];
  });
}
