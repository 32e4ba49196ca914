// Reads the text of a label selector (`a=b,c in (d,e),!f`) into requirements. Apart from selectors.ts because
// it is a little language with complaints of its own; a client that mistypes a selector reads them.

/** One requirement, in the words of a LabelSelector object, and `Gt`, `Lt`. */
export interface Requirement {
  readonly key: string;
  readonly operator: string;
  readonly values: readonly string[];
}

/** A text that is no selector; carries the sentence. */
class Malformed extends Error {}

const END = '';
const OPERATORS: ReadonlyMap<string, string> = new Map([
  ['in', 'In'],
  ['notin', 'NotIn'],
  ['=', 'In'],
  ['==', 'In'],
  ['!=', 'NotIn'],
  ['>', 'Gt'],
  ['<', 'Lt'],
]);
const SYMBOL = /^(?:==|!=|[=!(),<>])/;

/** The requirements, or what is wrong with the text. */
export function parseRequirements(text: string): readonly Requirement[] | string {
  const tokens = text.match(/==|!=|[=!(),<>]|[^\s=!(),<>]+/g) ?? [];
  try {
    return requirementsOf(tokens);
  } catch (error) {
    if (error instanceof Malformed) return error.message;
    throw error;
  }
}

function requirementsOf(tokens: readonly string[]): Requirement[] {
  const requirements: Requirement[] = [];
  let at = 0;
  const peek = (): string => tokens[at] ?? END;
  const next = (): string => tokens[at++] ?? END;
  if (peek() === END) return requirements;
  if (!isWord(peek()) && peek() !== '!') {
    throw new Malformed(`found '${peek()}', expected: !, identifier, or 'end of string'`);
  }
  for (;;) {
    requirements.push(requirement(peek, next));
    const separator = next();
    if (separator === END) return requirements;
    if (separator !== ',') throw new Malformed(`found '${separator}', expected: ',' or 'end of string'`);
    if (!isWord(peek()) && peek() !== '!') {
      throw new Malformed(`found '${peek()}', expected: identifier after ','`);
    }
  }
}

function isWord(token: string): boolean {
  return token !== END && !SYMBOL.test(token);
}

type Step = () => string;

function requirement(peek: Step, next: Step): Requirement {
  const absent = peek() === '!';
  if (absent) next();
  const key = next();
  if (!isWord(key)) throw refused(key, 'identifier');
  if (absent) return { key, operator: 'DoesNotExist', values: [] };
  if (peek() === END || peek() === ',') return { key, operator: 'Exists', values: [] };
  const token = next();
  const operator = OPERATORS.get(token);
  if (operator === undefined) throw refused(token, 'in, notin, =, ==, !=, gt, lt');
  const values = token === 'in' || token === 'notin' ? valueList(peek, next) : [value(peek, next)];
  return { key, operator, values };
}

function value(peek: Step, next: Step): string {
  if (peek() === END || peek() === ',') return '';
  const token = next();
  if (!isWord(token)) throw refused(token, 'identifier');
  return token;
}

function valueList(peek: Step, next: Step): string[] {
  const open = next();
  if (open !== '(') throw new Malformed(`unable to parse requirement: found '${open}' expected: '('`);
  const values = new Set<string>();
  for (;;) {
    values.add(isWord(peek()) ? next() : '');
    const separator = next();
    if (separator === ')') return [...values];
    if (separator !== ',') throw refused(separator, "',' or ')'");
  }
}

function refused(found: string, expected: string): Malformed {
  return new Malformed(`unable to parse requirement: found '${found}', expected: ${expected}`);
}
