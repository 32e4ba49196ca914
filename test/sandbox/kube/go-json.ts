// JSON as Go reads it. Clients print what Go says of a text that is none, so a fault is told in its words; JSON.parse
// does the work as long as nothing is wrong.

/** Carries Go's sentence. */
export class NotJson extends Error {}

/** Throws NotJson. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new NotJson(syntaxFault(text));
  }
}

/** What Go calls a value that it cannot put where it belongs. */
export function goKindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (value === null) return 'null';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

function syntaxFault(text: string): string {
  const scanner = new Scanner(text);
  try {
    scanner.document();
  } catch (error) {
    if (error instanceof NotJson) return error.message;
    throw error;
  }
  return 'unexpected end of JSON input';
}

const SPACE = /[ \t\r\n]/;
const HEX = /[0-9a-fA-F]/;
const DIGIT = /[0-9]/;

/** Walks over a text until something is wrong, and throws that. */
class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): void {
    this.#value();
    this.#space();
    if (this.#at < this.#text.length) throw this.#invalid('after top-level value');
  }

  #value(): void {
    this.#space();
    const first = this.#peek();
    if (first === '{') this.#object();
    else if (first === '[') this.#array();
    else if (first === '"') this.#string();
    else if (first === '-' || DIGIT.test(first)) this.#number();
    else this.#literal(first);
  }

  #object(): void {
    this.#at += 1;
    this.#space();
    if (this.#takes('}')) return;
    for (;;) {
      this.#space();
      if (this.#peek() !== '"') throw this.#invalid('looking for beginning of object key string');
      this.#string();
      this.#space();
      if (!this.#takes(':')) throw this.#invalid('after object key');
      this.#value();
      this.#space();
      if (this.#takes('}')) return;
      if (!this.#takes(',')) throw this.#invalid('after object key:value pair');
    }
  }

  #array(): void {
    this.#at += 1;
    this.#space();
    if (this.#takes(']')) return;
    for (;;) {
      this.#value();
      this.#space();
      if (this.#takes(']')) return;
      if (!this.#takes(',')) throw this.#invalid('after array element');
    }
  }

  #string(): void {
    this.#at += 1;
    while (!this.#takes('"')) {
      const character = this.#peek();
      if (character < ' ') throw this.#invalid('in string literal');
      this.#at += 1;
      if (character === '\\') this.#escape();
    }
  }

  #escape(): void {
    const character = this.#peek();
    if (!'"\\/bfnrtu'.includes(character)) throw this.#invalid('in string escape code');
    this.#at += 1;
    if (character === 'u') this.#each(4, HEX, 'in \\u hexadecimal character escape');
  }

  #number(): void {
    this.#takes('-');
    if (!this.#takes('0')) {
      this.#each(1, DIGIT, 'in numeric literal');
      this.#digits();
    }
    if (this.#takes('.')) {
      this.#each(1, DIGIT, 'after decimal point in numeric literal');
      this.#digits();
    }
    if (!this.#takes('e') && !this.#takes('E')) return;
    if (!this.#takes('+')) this.#takes('-');
    this.#each(1, DIGIT, 'in exponent of numeric literal');
    this.#digits();
  }

  #literal(first: string): void {
    const word = ['true', 'false', 'null'].find((candidate) => candidate.startsWith(first));
    if (word === undefined) throw this.#invalid('looking for beginning of value');
    for (const expected of word) {
      if (this.#peek() !== expected) throw this.#invalid(`in literal ${word} (expecting '${expected}')`);
      this.#at += 1;
    }
  }

  #each(count: number, allowed: RegExp, where: string): void {
    for (let i = 0; i < count; i++) {
      if (!allowed.test(this.#peek())) throw this.#invalid(where);
      this.#at += 1;
    }
  }

  #digits(): void {
    while (DIGIT.test(this.#text.charAt(this.#at))) this.#at += 1;
  }

  #space(): void {
    while (SPACE.test(this.#text.charAt(this.#at))) this.#at += 1;
  }

  #takes(character: string): boolean {
    if (this.#text.charAt(this.#at) !== character) return false;
    this.#at += 1;
    return true;
  }

  #peek(): string {
    const character = this.#text.charAt(this.#at);
    if (character === '') throw new NotJson('unexpected end of JSON input');
    return character;
  }

  #invalid(where: string): NotJson {
    const character = this.#peek();
    const shown =
      character === "'" ? "\\'" : character === '"' ? '"' : JSON.stringify(character).slice(1, -1);
    return new NotJson(`invalid character '${shown}' ${where}`);
  }
}
