// The schema of every built-in kind in one place: patches and ownership look up by kind how its lists are
// merged.

import { CORE_SCHEMAS } from './core-schemas.ts';
import { EXTENSION_SCHEMAS } from './extension-schemas.ts';
import { GROUP_SCHEMAS } from './group-schemas.ts';
import type { JSONSchema } from './json-schema.ts';
import { PLAIN_SCHEMAS } from './plain-kinds.ts';

/** By `groupVersion/Kind`. */
export const SCHEMAS: Readonly<Record<string, JSONSchema>> = {
  ...CORE_SCHEMAS,
  ...GROUP_SCHEMAS,
  ...EXTENSION_SCHEMAS,
  ...PLAIN_SCHEMAS,
};
