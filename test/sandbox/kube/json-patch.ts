// RFC 6902 by the rfc6902 library, as the API server understands it: lenient where it is lenient, with its
// sentences. Apart because it is the one importer of that library; admission webhooks answer with such
// patches, too.

import { applyPatch as apply, type Operation } from 'rfc6902';
import { goKindOf } from './go-json.ts';
import { clone, equal, isObject, type JsonObject } from './json.ts';

/** Why a patch was refused, ready for a Status. */
export interface PatchFailure {
  readonly ok: false;
  readonly code: number;
  readonly reason?: string;
  readonly message: string;
}

/** The object after the patch. */
export type PatchResult = { readonly ok: true; readonly value: JsonObject } | PatchFailure;

type Outcome =
  | { readonly ok: true; readonly value: JsonObject }
  | { readonly ok: false; readonly message: string };

/** More operations than this are refused with 413. */
const MAX_OPERATIONS = 10_000;

/** A client's JSON patch. */
export function applyJsonPatch(current: JsonObject, patch: unknown): PatchResult {
  const operations = parseOperations(patch, 'handlers.jsonPatchOp');
  if (typeof operations === 'string') {
    return { ok: false, code: 400, reason: 'BadRequest', message: `error decoding patch: ${operations}` };
  }
  if (operations.length > MAX_OPERATIONS) {
    const found = operations.length;
    const message = `The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${found}`;
    return { ok: false, code: 413, reason: 'RequestEntityTooLarge', message };
  }
  const outcome = carryOut(current, operations);
  if (outcome.ok) return outcome;
  // A real server keeps the reason to itself.
  const message = 'the server rejected our request due to an error in our request';
  return { ok: false, code: 422, reason: 'Invalid', message };
}

/**
 * The JSON patch in an admission webhook's answer; a failure tells why, as it stands in the InternalError.
 */
export function applyAdmissionPatch(current: JsonObject, patch: unknown): Outcome {
  const operations = parseOperations(patch, 'jsonpatch.Operation');
  return typeof operations === 'string' ? { ok: false, message: operations } : carryOut(current, operations);
}

/** An operation as it was sent: nothing is known of its members. */
interface SentOperation {
  readonly op: string;
  readonly path: string;
  readonly from: string;
  readonly value: unknown;
}

/** `type` is the Go type of one operation. */
function parseOperations(patch: unknown, type: string): SentOperation[] | string {
  if (!Array.isArray(patch)) {
    const list = type === 'jsonpatch.Operation' ? 'jsonpatch.Patch' : `[]${type}`;
    return `json: cannot unmarshal ${goKindOf(patch)} into Go value of type ${list}`;
  }
  const stray = patch.find((operation) => !isObject(operation));
  if (stray !== undefined) return `json: cannot unmarshal ${goKindOf(stray)} into Go value of type ${type}`;
  return patch.map(({ op, path, from, value }) => ({
    op: typeof op === 'string' ? op : 'unknown',
    path: typeof path === 'string' ? path : 'unknown',
    from: typeof from === 'string' ? from : 'unknown',
    value: value ?? null,
  }));
}

function carryOut(current: JsonObject, operations: readonly SentOperation[]): Outcome {
  let value: unknown = clone(current);
  for (const operation of operations) {
    const message = problemOf(value, operation);
    if (message !== undefined) return { ok: false, message };
    if (operation.op === 'replace' && operation.path === '') value = clone(operation.value);
    else if (operation.op !== 'test') apply(value, [lenient(value, operation)]);
  }
  return isObject(value) ? { ok: true, value } : { ok: false, message: 'the document is no object any more' };
}

/** The API server replaces a member that does not exist, too; the library does not. */
function lenient(value: unknown, operation: SentOperation): Operation {
  const { container, key } = parentOf(value, operation.path);
  const add = operation.op === 'replace' && isObject(container) && !Object.hasOwn(container, key);
  return { ...operation, value: clone(operation.value), ...(add ? { op: 'add' } : {}) } as Operation;
}

/** Why an operation does not apply, in the words of the library that the API server uses. */
function problemOf(value: unknown, { op, path, from, value: wanted }: SentOperation): string | undefined {
  const { container, key } = parentOf(value, path);
  const missing = container === undefined;
  switch (op) {
    case 'add':
    case 'remove':
      if (missing)
        return `${op} operation does not apply: doc is missing path: ${JSON.stringify(path)}: missing value`;
      return op === 'add' ? indexProblem(container, key, op, path) : removalProblem(container, key, op, path);
    case 'replace':
      if (path === '') return undefined;
      if (missing) return `replace operation does not apply: doc is missing path: ${path}: missing value`;
      return Array.isArray(container) && container[Number(key)] === undefined
        ? `replace operation does not apply: doc is missing key: ${path}: missing value`
        : undefined;
    case 'test':
      if (missing) return `test operation does not apply: is missing path: ${path}: missing value`;
      return matches(container, key, wanted) ? undefined : `testing value ${path} failed: test failed`;
    case 'move':
    case 'copy':
      return transferProblem(value, op, from, path);
    default:
      return `Unexpected kind: ${op}`;
  }
}

function transferProblem(value: unknown, op: string, from: string, path: string): string | undefined {
  const source = parentOf(value, from);
  if (source.container === undefined) {
    return `${op} operation does not apply: doc is missing from path: ${from}: missing value`;
  }
  const gone = removalProblem(source.container, source.key, op, source.key);
  if (gone !== undefined) return gone;
  const target = parentOf(value, path);
  if (target.container !== undefined) return indexProblem(target.container, target.key, op, path);
  return `${op} operation does not apply: doc is missing destination path: ${path}: missing value`;
}

function removalProblem(container: unknown, key: string, op: string, path: string): string | undefined {
  if (Array.isArray(container)) {
    return container[Number(key)] === undefined ? invalidIndex(key, op, path) : undefined;
  }
  if (isObject(container) && Object.hasOwn(container, key)) return undefined;
  return `error in ${op} for path: '${path}': Unable to remove nonexistent key: ${key}: missing value`;
}

function indexProblem(container: unknown, key: string, op: string, path: string): string | undefined {
  if (!Array.isArray(container) || key === '-') return undefined;
  const inside = /^\d+$/.test(key) && Number(key) <= container.length;
  return inside ? undefined : invalidIndex(key, op, path);
}

function invalidIndex(key: string, op: string, path: string): string {
  const why = `Unable to access invalid index: ${key}: invalid index referenced`;
  return `error in ${op} for path: '${path}': ${why}`;
}

/** An absent member equals null. */
function matches(container: unknown, key: string, wanted: unknown): boolean {
  const found = Array.isArray(container)
    ? container[Number(key)]
    : isObject(container) && Object.hasOwn(container, key)
      ? container[key]
      : undefined;
  return equal(found ?? null, wanted);
}

/** The object or list that a pointer ends in; undefined where the way there does not exist. */
function parentOf(value: unknown, pointer: string): { readonly container: unknown; readonly key: string } {
  const tokens = pointer.split('/').map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
  const key = tokens.at(-1) ?? '';
  if (tokens.length < 2) return { container: undefined, key };
  let container = value;
  for (const token of tokens.slice(1, -1)) {
    if (Array.isArray(container)) container = container[Number(token)];
    else container = isObject(container) && Object.hasOwn(container, token) ? container[token] : undefined;
  }
  return { container: isObject(container) || Array.isArray(container) ? container : undefined, key };
}
