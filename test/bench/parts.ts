// Which parts are there? By name, in the order in which they run.
import type { Part } from './part.ts';
import { PASS } from './pass.ts';

export const PARTS = {
  pass: PASS,
} as const satisfies Readonly<Record<string, Part>>;

export type PartName = keyof typeof PARTS;
