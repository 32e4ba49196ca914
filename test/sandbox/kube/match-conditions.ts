// Whether a webhook wants to see a request: the CEL `matchConditions` of a webhook configuration. Compiled
// when the configuration is written, evaluated for every request that its rules select.

import { type CelProgram, celCompiler, toCel } from './cel.ts';
import { isObject, type JsonObject, textOf } from './json.ts';

/** The variables of a condition; `object` is null when deleting, `oldObject` when creating. */
export interface MatchInput {
  readonly object: JsonObject | null;
  readonly oldObject: JsonObject | null;
  /** The AdmissionRequest without its objects. */
  readonly request: JsonObject;
}

/** Whether all conditions hold, or why that cannot be said: then the failure policy decides. */
export type MatchResult =
  | { readonly ok: true; readonly matches: boolean }
  | { readonly ok: false; readonly message: string };

/** All conditions of one webhook. */
export interface MatchConditions {
  matches(input: MatchInput): MatchResult;
}

/** A fault of one condition; `path` is relative to the webhook: `matchConditions[0].expression`. */
export interface MatchConditionFault {
  readonly path: string;
  readonly message: string;
}

interface Condition {
  readonly expression: string;
  readonly program: CelProgram;
}

/** Compiles `matchConditions`; an absent list matches everything. */
export function compileMatchConditions(
  list: unknown,
):
  | { readonly ok: true; readonly value: MatchConditions }
  | { readonly ok: false; readonly message: string; readonly faults: readonly MatchConditionFault[] } {
  const compile = celCompiler('object', 'oldObject', 'request');
  const conditions: Condition[] = [];
  const faults: MatchConditionFault[] = [];
  for (const [i, item] of (Array.isArray(list) ? list : []).entries()) {
    const expression = isObject(item) ? textOf(item.expression) : '';
    const compiled = compile(expression);
    const path = `matchConditions[${i}].expression`;
    if (!compiled.ok) {
      faults.push({ path, message: `compilation failed: ${compiled.message}` });
    } else if (compiled.value.type !== 'bool' && compiled.value.type !== 'dyn') {
      faults.push({ path, message: 'must evaluate to bool' });
    } else {
      conditions.push({ expression, program: compiled.value });
    }
  }
  if (faults.length === 0) return { ok: true, value: { matches: (input) => evaluate(conditions, input) } };
  return { ok: false, message: faults.map((f) => `${f.path}: ${f.message}`).join('; '), faults };
}

/** One condition that is false decides, whatever the others do; only then do errors count. */
function evaluate(conditions: readonly Condition[], input: MatchInput): MatchResult {
  if (conditions.length === 0) return { ok: true, matches: true };
  const variables = {
    object: toCel(input.object),
    oldObject: toCel(input.oldObject),
    request: toCel(input.request),
  };
  const errors: string[] = [];
  for (const { expression, program } of conditions) {
    const result = program.evaluate(variables);
    if (!result.ok) errors.push(`expression '${expression}' resulted in error: ${result.message}`);
    else if (typeof result.value !== 'boolean') errors.push(`expression '${expression}' is not a bool`);
    else if (!result.value) return { ok: true, matches: false };
  }
  if (errors.length === 0) return { ok: true, matches: true };
  return { ok: false, message: errors.length === 1 ? (errors[0] ?? '') : `[${errors.join(', ')}]` };
}
