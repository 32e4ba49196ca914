// Which parts are there? By name, in the order in which they run.
import { CHOOSE } from './choose.ts';
import { IDLE } from './idle.ts';
import type { Part } from './part.ts';
import { PASS } from './pass.ts';
import { REFLECTOR } from './reflector.ts';
import { START } from './start.ts';
import { WEBHOOK } from './webhook.ts';

export const PARTS = {
  choose: CHOOSE,
  webhook: WEBHOOK,
  idle: IDLE,
  pass: PASS,
  start: START,
  reflector: REFLECTOR,
} as const satisfies Readonly<Record<string, Part>>;

export type PartName = keyof typeof PARTS;
