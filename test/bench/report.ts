// How are results shown? A line per row with its floor, ratio and target, for people; or all of it as JSON. The machine
// and the sizes go with every report, since a figure without them says nothing.
import { cpus, release, type as system, totalmem } from 'node:os';
import type { Quantity, Row, Terms } from './part.ts';
import type { Spread } from './rounds.ts';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
}

export function machine(): Machine {
  const all = cpus();
  return {
    cpu: all[0]?.model.trim() ?? 'unknown',
    cores: all.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${system()} ${release()}`,
    node: process.version,
  };
}

/** Two lines: on what, and how much. */
export function heading(on: Machine, { rounds, size, idle, quiet }: Terms): string {
  const where = `${on.cores} × ${on.cpu}, ${on.memoryGiB} GiB, ${on.system}, Node ${on.node}`;
  const much = `${size} size, ${rounds} rounds, idle ${idle / 1000} s, quiet ${quiet / 1000} s`;
  return `${where}\n${much}\n`;
}

export function partHeading(name: string, about: string): string {
  return `\n${name}: ${about}\n`;
}

/** The row, and its notes indented below. */
export function rowText({ what, figure, against, ratio, target, met, notes }: Row): string {
  const floor = against === undefined ? '' : `, ${against.name} ${quantityText(against)}`;
  const share = ratio === undefined ? '' : `, ratio ${spreadText(ratio)}`;
  const verdict = `${target}: ${met ? 'met' : 'NOT MET'}`;
  return [
    `  ${what}: ${quantityText(figure)}${floor}${share}; ${verdict}`,
    ...notes.map((note) => `      ${note}`),
    '',
  ].join('\n');
}

/** Median, and the quartiles in brackets. */
export function spreadText({ low, median, high }: Spread): string {
  return `${digits(median)} [${digits(low)} … ${digits(high)}]`;
}

export function quantityText({ value, unit }: Quantity): string {
  return unit === '%' || unit === '/s' ? `${digits(value)}${unit}` : `${digits(value)} ${unit}`;
}

/** Three significant digits, or as many as a whole number has. */
function digits(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en');
  return String(Number(value.toPrecision(3)));
}
