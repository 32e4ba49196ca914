// Which parts are there? By name, in the order in which they run.
import { BURST } from './burst.ts';
import { CHOOSE } from './choose.ts';
import { CREATE } from './create.ts';
import { FAILOVER } from './failover.ts';
import { IDLE } from './idle.ts';
import type { Part } from './part.ts';
import { PASS } from './pass.ts';
import { REFLECTOR } from './reflector.ts';
import { SANDBOX } from './sandbox.ts';
import { START } from './start.ts';
import { WEBHOOK } from './webhook.ts';

export const PARTS = {
  choose: CHOOSE,
  webhook: WEBHOOK,
  create: CREATE,
  burst: BURST,
  idle: IDLE,
  failover: FAILOVER,
  pass: PASS,
  start: START,
  reflector: REFLECTOR,
  sandbox: SANDBOX,
} as const satisfies Readonly<Record<string, Part>>;

export type PartName = keyof typeof PARTS;
