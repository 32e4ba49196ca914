// RFC 6902 by the rfc6902 library, with the API server's answers: the failure sentences are those of the recorded
// exchanges. Apart because it is the one importer of that library; admission webhooks answer with such patches, too.

import { applyPatch as apply, type Operation } from 'rfc6902';
import { clone, isObject, type JsonObject } from './json.ts';

/** Why a patch was refused, ready for a Status. */
export interface PatchFailure {
  readonly ok: false;
  readonly code: number;
  readonly reason?: string;
  readonly message: string;
}

/** The object after the patch. */
export type PatchResult = { readonly ok: true; readonly value: JsonObject } | PatchFailure;

/** More operations than this are refused with 413. */
const MAX_OPERATIONS = 10_000;

/** A client's JSON patch. */
export function applyJsonPatch(current: JsonObject, patch: unknown): PatchResult {
  const operations = parseOperations(patch);
  if (typeof operations === 'string') {
    return { ok: false, code: 400, reason: 'BadRequest', message: `error decoding patch: ${operations}` };
  }
  if (operations.length > MAX_OPERATIONS) {
    const message = `The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${operations.length}`;
    return { ok: false, code: 413, reason: 'RequestEntityTooLarge', message };
  }
  const outcome = carryOut(current, operations);
  if (outcome.ok) return outcome;
  // A real server keeps the reason to itself.
  const message = 'the server rejected our request due to an error in our request';
  return { ok: false, code: 422, reason: 'Invalid', message };
}

/** The JSON patch in an admission webhook's answer; a failure tells why, as it stands in the InternalError. */
export function applyAdmissionPatch(
  current: JsonObject,
  patch: unknown,
): { readonly ok: true; readonly value: JsonObject } | { readonly ok: false; readonly message: string } {
  const operations = parseOperations(patch);
  return typeof operations === 'string' ? { ok: false, message: operations } : carryOut(current, operations);
}

function parseOperations(patch: unknown): Operation[] | string {
  if (!Array.isArray(patch)) {
    const found = isObject(patch) ? 'object' : patch === null ? 'null' : typeof patch;
    return `json: cannot unmarshal ${found} into Go value of type jsonpatch.Patch`;
  }
  for (const operation of patch) {
    if (!isObject(operation)) return 'json: cannot unmarshal value into Go value of type jsonpatch.Operation';
  }
  return patch as Operation[];
}

function carryOut(
  current: JsonObject,
  operations: readonly Operation[],
): { ok: true; value: JsonObject } | { ok: false; message: string } {
  const value = clone(current);
  for (const operation of operations) {
    const message = problemOf(operation) ?? outcomeOf(value, operation);
    if (message !== undefined) return { ok: false, message };
  }
  return { ok: true, value };
}

const OPERATIONS: ReadonlySet<unknown> = new Set(['add', 'remove', 'replace', 'move', 'copy', 'test']);

function problemOf(operation: Operation): string | undefined {
  if (!OPERATIONS.has(operation.op)) return `Unexpected kind: ${operation.op}`;
  const wellFormed = typeof operation.path === 'string' && /^(\/|$)/.test(operation.path);
  if (wellFormed) return undefined;
  return `${operation.op} operation does not apply: doc is missing path: ${JSON.stringify(operation.path)}: missing value`;
}

function outcomeOf(value: JsonObject, operation: Operation): string | undefined {
  const error = apply(value, [structuredClone(operation)])[0] ?? null;
  if (error === null) return undefined;
  const path = JSON.stringify(operation.path);
  if (error.name === 'TestError') return `testing value ${operation.path} failed: test failed`;
  switch (operation.op) {
    case 'add':
      return `add operation does not apply: doc is missing path: ${path}: missing value`;
    case 'remove':
      return `remove operation does not apply: doc is missing path: ${path}: missing value`;
    case 'replace':
      return `replace operation does not apply: doc is missing key: ${operation.path}: missing value`;
    case 'test':
      return `testing value ${operation.path} failed: test failed`;
    case 'move':
    case 'copy': {
      const from = JSON.stringify(operation.from);
      return `${operation.op} operation does not apply: doc is missing from path: ${from}: missing value`;
    }
  }
}
