// The part of Kubernetes' JSONPath that printer columns use: `.a.b`, `['a.b']`, `[0]`, `[*]` and
// `[?(@.type=="Ready")]`. Apart because it is compiled once per column and evaluated per row.

import { fieldOf, isObject } from './json.ts';

type Step = (values: readonly unknown[]) => unknown[];

/**
 * Compiles a path; the result gives every value the path leads to, or is undefined when the path is
 * malformed.
 */
export function compileJsonPath(path: string): ((root: unknown) => unknown[]) | undefined {
  const steps: Step[] = [];
  let rest = path.replace(/^\{(.*)\}$/s, '$1').replace(/^\$/, '');
  while (rest !== '') {
    const token = nextStep(rest);
    if (token === undefined) return undefined;
    steps.push(token.step);
    rest = rest.slice(token.length);
  }
  return (root) => steps.reduce<unknown[]>((values, step) => step(values), [root]);
}

function nextStep(text: string): { step: Step; length: number } | undefined {
  const name = /^\.((?:\\.|[^.[\\])+)/.exec(text);
  if (name?.[1] === '*') return { step: children, length: 2 };
  if (name?.[1] !== undefined) return { step: child(name[1].replaceAll('\\', '')), length: name[0].length };
  const quoted = /^\.?\[(?:'([^']*)'|"([^"]*)")\]/.exec(text);
  if (quoted !== null) return { step: child(quoted[1] ?? quoted[2] ?? ''), length: quoted[0].length };
  const index = /^\.?\[(-?\d+)\]/.exec(text);
  if (index !== null) return { step: at(Number(index[1])), length: index[0].length };
  const all = /^\.?\[\*\]/.exec(text);
  if (all !== null) return { step: children, length: all[0].length };
  const filter = /^\.?\[\?\(\s*@\.([\w.-]+)\s*(?:(==|!=)\s*(?:'([^']*)'|"([^"]*)"|([\w.-]+)))?\s*\)\]/.exec(
    text,
  );
  if (filter === null) return undefined;
  const wanted = filter[3] ?? filter[4] ?? filter[5] ?? '';
  return { step: where((filter[1] ?? '').split('.'), filter[2], wanted), length: filter[0].length };
}

function child(name: string): Step {
  return (values) =>
    values.flatMap((value) => {
      const found = fieldOf(value, name);
      return found === undefined ? [] : [found];
    });
}

function at(index: number): Step {
  return (values) =>
    values.flatMap((value) => {
      const found = Array.isArray(value) ? value.at(index) : undefined;
      return found === undefined ? [] : [found];
    });
}

const children: Step = (values) =>
  values.flatMap((value) => (Array.isArray(value) ? value : isObject(value) ? Object.values(value) : []));

function where(path: readonly string[], operator: string | undefined, wanted: string): Step {
  return (values) =>
    children(values).filter((item) => {
      const found = fieldOf(item, ...path);
      if (operator === undefined) return found !== undefined;
      return operator === '==' ? String(found) === wanted : found !== undefined && String(found) !== wanted;
    });
}
