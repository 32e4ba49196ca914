import t from 'tap';
import type { JsonObject } from './json.ts';
import {
  APPLY_PATCH,
  acceptedPatchTypes,
  applyPatch,
  JSON_PATCH,
  MERGE_PATCH,
  STRATEGIC_MERGE_PATCH,
} from './patch.ts';
import { recorded } from './testing/recorded.ts';

/** The stored namespace before the recorded exchange, and the body that was sent. */
function exchange(
  before: number,
  number: number,
): { current: JsonObject; patch: unknown; after: JsonObject } {
  const current = recorded(before).response.body;
  const { request, response } = recorded(number);
  return { current, patch: request.body, after: response.body };
}

function annotations(object: JsonObject): unknown {
  return (object.metadata as JsonObject).annotations;
}

t.test('recorded patches give the recorded annotations', async (t) => {
  const rows: readonly (readonly [number, number, string])[] = [
    [14, 15, MERGE_PATCH],
    [15, 16, JSON_PATCH],
    [16, 18, STRATEGIC_MERGE_PATCH],
  ];
  for (const [before, number, type] of rows) {
    const { current, patch, after } = exchange(before, number);
    const result = applyPatch(type, current, patch, true);
    t.strictSame(result.ok && annotations(result.value), annotations(after), type);
  }
});

t.test('a merge patch sets, merges and removes members', async (t) => {
  const current = { a: 1, b: { c: 2, d: 3 }, e: [1, 2], f: null };
  const rows: readonly (readonly [JsonObject, JsonObject])[] = [
    [{}, current],
    [{ a: null }, { b: { c: 2, d: 3 }, e: [1, 2], f: null }],
    [
      { a: null, gone: null },
      { b: { c: 2, d: 3 }, e: [1, 2], f: null },
    ],
    [{ b: { d: null, x: 4 } }, { a: 1, b: { c: 2, x: 4 }, e: [1, 2], f: null }],
    [{ e: [3] }, { a: 1, b: { c: 2, d: 3 }, e: [3], f: null }],
    [{ a: { x: null, y: 1 } }, { a: { y: 1 }, b: { c: 2, d: 3 }, e: [1, 2], f: null }],
    [{ b: 'text' }, { a: 1, b: 'text', e: [1, 2], f: null }],
  ];
  for (const [patch, after] of rows) {
    t.strictSame(
      applyPatch(MERGE_PATCH, current, patch, false),
      { ok: true, value: after },
      JSON.stringify(patch),
    );
  }
  t.strictSame(current, { a: 1, b: { c: 2, d: 3 }, e: [1, 2], f: null }, 'the stored object stays as it is');
});

t.test('a failing JSON patch is refused with the recorded status', async (t) => {
  const { status, body } = recorded(17).response;
  const result = applyPatch(JSON_PATCH, recorded(16).response.body, recorded(17).request.body, true);
  t.strictSame(result, { ok: false, code: status, reason: body.reason, message: body.message });
});

t.test('custom resources refuse strategic patches with the recorded sentence', async (t) => {
  const { status, body } = recorded(19).response;
  const result = applyPatch(STRATEGIC_MERGE_PATCH, {}, {}, false);
  t.strictSame(result, { ok: false, code: status, reason: body.reason, message: body.message });
});

t.test('an unknown patch type is refused with those that are known', async (t) => {
  const result = applyPatch('text/plain', {}, {}, true);
  t.match(result, { ok: false, code: 415, message: acceptedPatchTypes(true).join(', ') });
  t.ok(acceptedPatchTypes(true).includes(APPLY_PATCH));
});

t.test('the charset of a patch type does not matter', async (t) => {
  t.match(applyPatch(`${MERGE_PATCH}; charset=utf-8`, {}, { a: 1 }, false), { ok: true, value: { a: 1 } });
});

t.test('a patch that is no object is refused', async (t) => {
  for (const type of [MERGE_PATCH, STRATEGIC_MERGE_PATCH]) {
    for (const patch of [[], null, 'x', true]) {
      t.match(applyPatch(type, {}, patch, true), { ok: false, code: 400, reason: 'BadRequest' });
    }
  }
});
