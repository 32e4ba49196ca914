// What is said of a race: how much was done how fast, who was refused and why, and what was found wrong.
import { cpus } from 'node:os';
import type { RaceConfig } from './config.ts';
import type { Outcome } from './race.ts';
import { refusedIPs } from './refusal.ts';

const SHOWN = 10;

/** Lines for people, the checks last. */
export function report(config: RaceConfig, outcome: Outcome): string {
  const { told, tally, phases, memory, verdicts, unfinished } = outcome;
  const creating = phases.find(({ name }) => name === 'create')?.seconds ?? Number.NaN;
  const created = told.filter(({ became }) => became === 'created').length;
  return [
    `${config.webhooks} webhooks, ${config.clients} clients, reconciler ${config.reconciler} the clients; ${machine()}`,
    '',
    `${told.length} asked for, ${created} namespaces created, ${(created / creating).toFixed(0)} namespaces/s`,
    `${tally.requests} requests, ${(tally.requests / creating).toFixed(0)}/s: ${counts(told)}`,
    `${tally.lostAnswers} answers lost (${tally.hungUp} clients hung up), ${tally.postponed} told to come back`,
    `namespaces given IPs by each webhook: ${outcome.shares.join(', ')}`,
    `${outcome.collisions} claims collided; ${outcome.unlisted} allocations were listed by nobody at the end of it`,
    '',
    `refusals, by IP: ${refusals(outcome)}`,
    `seconds: ${phases.map(({ name, seconds }) => `${name} ${seconds.toFixed(1)}`).join(', ')}`,
    `memory at most, MiB: ${memory.map(({ what, mebibytes }) => `${what} ${mebibytes}`).join(', ')}`,
    '',
    ...verdicts.flatMap(({ check, violations }) => [
      `${String(violations.length).padStart(6)}  ${check}`,
      ...violations.slice(0, SHOWN).map((violation) => `          ${violation}`),
    ]),
    ...(unfinished === undefined ? [] : ['', `time ran out: ${unfinished}`]),
    '',
  ].join('\n');
}

function machine(): string {
  const all = cpus();
  return `${all.length} × ${all[0]?.model.trim() ?? 'unknown'}, Node ${process.version}`;
}

/** How many of what kind were asked for. */
function counts(told: Outcome['told']): string {
  const kinds = Map.groupBy(told, ({ ask }) => {
    if (ask.mode === 'dryRun') return 'dry runs';
    if (ask.wish === 'impossible') return 'impossible';
    if (ask.isTwin) return 'of one name with another';
    if (ask.twist !== 'none') return TWISTS[ask.twist];
    if (ask.name === '') return 'without a name';
    return ask.list === undefined ? 'plain' : 'with IPs named';
  });
  return sorted([...kinds].map(([kind, all]) => [kind, all.length] as const));
}

const TWISTS = {
  hangsUp: 'by clients that hung up',
  cannotBeStored: 'that something else refused',
  changesIP: 'changed afterwards',
  deleted: 'deleted afterwards',
} as const;

function refusals({ told }: Outcome): string {
  const reasons = told.flatMap(({ refusals: all }) => all.flatMap(({ message }) => reasonsIn(message)));
  return sorted(
    [...Map.groupBy(reasons, (reason) => reason)].map(([reason, all]) => [reason, all.length] as const),
  );
}

function reasonsIn(message: string): string[] {
  const reasons = refusedIPs(message).map(({ reason }) => reason);
  return reasons.length > 0 ? reasons : ['not for an IP'];
}

function sorted(rows: readonly (readonly [string, number])[]): string {
  return rows
    .toSorted((a, b) => b[1] - a[1])
    .map(([what, count]) => `${count} ${what}`)
    .join(', ');
}
