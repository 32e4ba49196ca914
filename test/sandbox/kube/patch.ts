// What a PATCH makes of an object: JSON patch, merge patch, strategic merge patch, told apart by content
// type. Apart from the handlers because it is pure; server-side apply is in managed-fields.ts.

import { goKindOf } from './go-json.ts';
import { clone, isObject, type JsonObject, set } from './json.ts';
import { applyJsonPatch, type PatchFailure, type PatchResult } from './json-patch.ts';
import { applyStrategicMergePatch } from './strategic-merge.ts';

export type { PatchFailure, PatchResult } from './json-patch.ts';

export const JSON_PATCH = 'application/json-patch+json';
export const MERGE_PATCH = 'application/merge-patch+json';
export const STRATEGIC_MERGE_PATCH = 'application/strategic-merge-patch+json';
export const APPLY_PATCH = 'application/apply-patch+yaml';

/** The patches that a resource accepts, in the order in which a refusal lists them. */
export function acceptedPatchTypes(strategic: boolean): readonly string[] {
  return strategic
    ? [JSON_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH, APPLY_PATCH]
    : [JSON_PATCH, MERGE_PATCH, APPLY_PATCH];
}

/**
 * The object after the patch; `current` stays as it is. `patchBody` is the parsed body. `strategic`: whether
 * the resource understands strategic merge patches. Apply patches are refused here: applyConfiguration
 * carries them out.
 */
export function applyPatch(
  contentType: string,
  current: JsonObject,
  patchBody: unknown,
  strategic: boolean,
): PatchResult {
  const type = contentType.split(';')[0]?.trim().toLowerCase();
  if (type === JSON_PATCH) return applyJsonPatch(current, patchBody);
  if (type === MERGE_PATCH) return mergePatch(current, patchBody);
  if (type === STRATEGIC_MERGE_PATCH && strategic) return strategicMergePatch(current, patchBody);
  const accepted = acceptedPatchTypes(strategic).join(', ');
  return {
    ok: false,
    code: 415,
    reason: 'UnsupportedMediaType',
    message: `the body of the request was in an unknown format - accepted media types include: ${accepted}`,
  };
}

function mergePatch(current: JsonObject, patch: unknown): PatchResult {
  if (!isObject(patch)) return notAnObject(patch);
  return { ok: true, value: merge(current, patch) };
}

/** RFC 7386. Shares with `current` whatever the patch does not touch. */
function merge(current: unknown, patch: JsonObject): JsonObject {
  const result: JsonObject = isObject(current) ? { ...current } : {};
  for (const key of Object.keys(patch)) {
    const value = patch[key];
    if (value === null) delete result[key];
    else set(result, key, isObject(value) ? merge(result[key], value) : clone(value));
  }
  return result;
}

function strategicMergePatch(current: JsonObject, patch: unknown): PatchResult {
  return isObject(patch)
    ? applyStrategicMergePatch(current, patch)
    : { ...notAnObject(patch), message: unread(patch) };
}

function notAnObject(patch: unknown): PatchFailure {
  return { ok: false, code: 400, reason: 'BadRequest', message: `error decoding patch: ${unread(patch)}` };
}

function unread(patch: unknown): string {
  return `json: cannot unmarshal ${goKindOf(patch)} into Go value of type map[string]interface {}`;
}
