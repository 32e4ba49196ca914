// What do the clients ask for? Decided by a seed before anything runs: mostly namespaces that take what they are given, many
// that name IPs on purpose where others name the same, and among them all that goes wrong in a day: dry runs, lost answers,
// requests that something after the webhook refuses, two people with one name.
import { formatAddress } from '../sandbox/ipv4.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { FIRST_PLAIN, type RacePool } from './pools.ts';

/** What becomes of a namespace besides being created. */
export type Twist =
  | 'none'
  /** The client hangs up before the answer, and asks again. */
  | 'hangsUp'
  /** It has a label that cannot be, which is found out after the webhook has answered. */
  | 'cannotBeStored'
  /** Another IP of the first CIDR is named once it exists. */
  | 'changesIP'
  | 'deleted';

export interface Ask {
  /** Empty: the API server makes one up. */
  readonly name: string;
  /** IPs that are named, as they go into the annotation. */
  readonly list: string | undefined;
  readonly mode: 'create' | 'dryRun';
  /** Whether the IPs are such that nobody may have them. */
  readonly wish: 'possible' | 'impossible';
  readonly twist: Twist;
  /** Somebody else asks for a namespace of this name at the same time. */
  readonly isTwin: boolean;
}

/** Shares of all requests. */
const SHARES = { explicit: 0.15, rivals: 0.15, impossible: 0.03, nameless: 0.08, twins: 0.03, dryRun: 0.05 };
/** How many namespaces ask for the very same IPs, next to each other. */
const RIVALS = 4;
const TWISTS: readonly (readonly [Twist, number])[] = [
  ['hangsUp', 0.05],
  ['cannotBeStored', 0.03],
  ['changesIP', 0.03],
  ['deleted', 0.05],
];

const PLAIN: Ask = {
  name: '',
  list: undefined,
  mode: 'create',
  wish: 'possible',
  twist: 'none',
  isTwin: false,
};

/** Requests in the order in which clients take them; `count` namespaces come of it, or a few more. */
export function planRequests(count: number, pools: readonly RacePool[], random: SeededRandom): Ask[] {
  const asks: Ask[] = [];
  let made = 0;
  const add = (ask: Partial<Ask>) => {
    asks.push({ ...PLAIN, name: `race-${asks.length}`, ...ask });
    if (ask.twist !== 'cannotBeStored') made += 1;
  };
  const kinds = shareOut(random);
  while (made < count) {
    switch (kinds()) {
      case 'explicit':
        add({ list: listOf(pools, random), twist: twistFor(random) });
        break;
      case 'rivals': {
        const list = listOf(pools, random);
        for (let i = 0; i < RIVALS && made < count; i++) add({ list: overlapping(list, pools, random) });
        break;
      }
      case 'impossible':
        asks.push(impossible(asks.length, pools, random));
        break;
      case 'nameless': {
        const list = random.chance(0.3) ? listOf(pools, random) : undefined;
        add({ name: '', list, twist: random.chance(0.1) ? 'hangsUp' : 'none' });
        break;
      }
      case 'twins': {
        const twin = { ...PLAIN, name: `race-${asks.length}`, isTwin: true };
        asks.push({ ...twin, list: random.chance(0.5) ? listOf(pools, random) : undefined });
        add(twin);
        break;
      }
      case 'dryRun': {
        const list = random.chance(0.5) ? listOf(pools, random) : undefined;
        asks.push({ ...PLAIN, name: `dry-${asks.length}`, list, mode: 'dryRun' });
        break;
      }
      default:
        add({ twist: twistFor(random) });
    }
  }
  return asks;
}

function shareOut(random: SeededRandom): () => keyof typeof SHARES | 'automatic' {
  return () => {
    let at = random.next();
    for (const [kind, share] of Object.entries(SHARES)) {
      // A group of rivals is several namespaces.
      at -= kind === 'rivals' ? share / RIVALS : share;
      if (at < 0) return kind as keyof typeof SHARES;
    }
    return 'automatic';
  };
}

function twistFor(random: SeededRandom): Twist {
  let at = random.next();
  for (const [twist, share] of TWISTS) {
    at -= share;
    if (at < 0) return twist;
  }
  return 'none';
}

/** One plain address of each CIDR. */
export function listOf(pools: readonly RacePool[], random: SeededRandom): string {
  return pools.map((pool) => plainAddress(pool, random)).join(',');
}

/** A plain address of one CIDR: none that is special, though it may be a node's. */
export function plainAddress({ first, size }: RacePool, random: SeededRandom): string {
  return formatAddress(first + FIRST_PLAIN + random.below(size - FIRST_PLAIN - 1));
}

/** The list, or one that shares only some of it. */
function overlapping(list: string, pools: readonly RacePool[], random: SeededRandom): string {
  const ips = list.split(',');
  return ips.map((ip, i) => (random.chance(0.8) ? ip : plainAddress(pools[i] as RacePool, random))).join(',');
}

/** One IP of the list is replaced by what nobody may have, or the list is not one. */
function impossible(index: number, pools: readonly RacePool[], random: SeededRandom): Ask {
  const ips = listOf(pools, random).split(',');
  const at = random.below(pools.length);
  const { first, size, foreign } = pools[at] as RacePool;
  ips[at] = random.pick([
    formatAddress(first),
    formatAddress(first + size - 1),
    formatAddress(first + 1 + random.below(20)),
    formatAddress(first + 32 + random.below(16)),
    formatAddress(first + 60),
    foreign[0] ?? '',
    '203.0.113.7',
    `0${formatAddress(first + FIRST_PLAIN)}`,
    ips[(at + 1) % ips.length] ?? '',
    '',
  ]);
  return { ...PLAIN, name: `never-${index}`, list: ips.join(','), wish: 'impossible' };
}
