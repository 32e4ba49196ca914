// What did the command line ask for? Flags as Kubernetes commands take them, checked all at once, so that one run
// names every mistake. Apart from the kinds of flags (flag-kinds.ts) and from each command's own list of them, which
// is data for this file.
import { parseArgs } from 'node:util';
import { fail, ok, type Problem, type Result } from '../problem.ts';
import { nearest } from './nearest.ts';

/** One flag: how its value is read, and what `--help` says of it. Made by flag-kinds.ts. */
export interface Flag<T> {
  /** Heading in `--help`. */
  readonly group: string;
  readonly description: string;
  /** Stands for the value in `--help`; empty for a switch, which needs no value. */
  readonly placeholder: string;
  readonly default: T;
  /** As a user would type it; empty when there is nothing to show. */
  readonly defaultText: string;
  /** What a value must be, to end the sentence «give …». */
  readonly expects: string;
  /** undefined when the text is no such value. */
  readonly parse: (text: string) => T | undefined;
}

/** A command's flags by name, without the dashes. */
export type FlagSpec = Readonly<Record<string, Flag<unknown>>>;

/** What parseFlags makes of a spec; `help` is there for every command, and then nothing else was checked. */
export type FlagValues<S extends FlagSpec> = {
  readonly [Name in keyof S]: S[Name] extends Flag<infer T> ? T : never;
} & { readonly help: boolean };

/** Every flag's value, or every mistake. Looks at nothing but `argv` (without node and the script). */
export function parseFlags<S extends FlagSpec>(spec: S, argv: readonly string[]): Result<FlagValues<S>> {
  const { values, problems } = readFlags(spec, argv);
  return problems.length > 0 && !values.help ? fail(...problems) : ok(values);
}

/** The same, for whoever goes on looking for mistakes: a flag that is wrong has its default. */
export function readFlags<S extends FlagSpec>(
  spec: S,
  argv: readonly string[],
): { readonly values: FlagValues<S>; readonly problems: readonly Problem[] } {
  const { given, problems } = collect(spec, argv);
  const values: Record<string, unknown> = { help: given.has('help') };
  for (const [name, flag] of Object.entries(spec)) {
    const text = given.get(name);
    const value = text === undefined ? flag.default : flag.parse(text);
    if (value === undefined) problems.push(invalidValue(name, flag, text ?? ''));
    values[name] = value ?? flag.default;
  }
  return { values: values as FlagValues<S>, problems };
}

/** Pairs names with values and finds what has no place. */
function collect(
  spec: FlagSpec,
  argv: readonly string[],
): { given: Map<string, string>; problems: Problem[] } {
  const given = new Map<string, string>();
  const problems: Problem[] = [];
  // parseArgs would let `--port --other` take `--other` for the port. So it is told of no flag that takes a value,
  // and the words that stand alone are given to the flag before them here.
  const { tokens } = parseArgs({ args: [...argv], strict: false, allowPositionals: true, tokens: true });
  let waiting: string | undefined;
  const missing = () => {
    if (waiting !== undefined) problems.push(missingValue(waiting, spec[waiting]));
    waiting = undefined;
  };
  const take = (name: string, text: string) => {
    if (given.has(name) && name !== 'help') problems.push(repeated(name));
    given.set(name, text);
  };
  for (const token of tokens) {
    if (token.kind === 'positional' && waiting !== undefined) {
      take(waiting, token.value);
      waiting = undefined;
      continue;
    }
    missing();
    if (token.kind === 'positional') problems.push(unexpected(token.value));
    if (token.kind !== 'option') continue;
    const { name, off } = resolve(spec, token.rawName);
    const flag = name === undefined ? undefined : spec[name];
    if (name === 'help') take(name, 'true');
    else if (name === undefined || flag === undefined) problems.push(unknown(spec, token.rawName));
    else if (off && token.value !== undefined) problems.push(unexpected(`${token.rawName}=${token.value}`));
    else if (token.value !== undefined) take(name, token.value);
    else if (flag.placeholder === '') take(name, off ? 'false' : 'true');
    else waiting = name;
  }
  missing();
  return { given, problems };
}

/** The flag that `--name`, `--no-name` or `-h` means; no name when there is none. */
function resolve(spec: FlagSpec, rawName: string): { name: string | undefined; off: boolean } {
  if (rawName === '-h' || rawName === '--help') return { name: 'help', off: false };
  const name = rawName.startsWith('--') ? rawName.slice(2) : '';
  if (Object.hasOwn(spec, name)) return { name, off: false };
  const positive = name.startsWith('no-') ? name.slice(3) : '';
  const isSwitch = Object.hasOwn(spec, positive) && spec[positive]?.placeholder === '';
  return { name: isSwitch ? positive : undefined, off: true };
}

function unknown(spec: FlagSpec, rawName: string): Problem {
  const near = nearest(rawName.replace(/^--?/, ''), [...Object.keys(spec), 'help']);
  const hint = near === undefined ? '--help lists all flags' : `did you mean --${near}?`;
  return { code: 'UnknownFlag', path: rawName, message: `there is no such flag; ${hint}` };
}

function missingValue(name: string, flag: Flag<unknown> | undefined): Problem {
  return { code: 'MissingValue', path: `--${name}`, message: `has no value; give ${flag?.expects ?? 'one'}` };
}

function invalidValue(name: string, flag: Flag<unknown>, text: string): Problem {
  const expects = flag.expects.replaceAll('--name', `--${name}`);
  return {
    code: 'InvalidValue',
    path: `--${name}`,
    message: `${JSON.stringify(text)} will not do; give ${expects}`,
  };
}

function repeated(name: string): Problem {
  return { code: 'RepeatedFlag', path: `--${name}`, message: 'is given more than once; give it once' };
}

function unexpected(text: string): Problem {
  return {
    code: 'UnexpectedArgument',
    path: '',
    message: `${JSON.stringify(text)} belongs to no flag; write --flag value or --flag=value`,
  };
}
