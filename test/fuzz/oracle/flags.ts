// Is a command line right? Word by word: `--name value`, `--name=value`, `--switch`, `--no-switch`, each at most once.
import type { FlagSpec } from '../../../shared/process/flags.ts';

/** The text given for each flag, or why the command line is not right; `help` when that is asked for. */
export function slowFlags(
  spec: FlagSpec,
  argv: readonly string[],
): ReadonlyMap<string, string> | 'help' | { readonly why: string } {
  const given = new Map<string, string>();
  let why: string | undefined;
  let isHelp = false;
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? '';
    // After it nothing is a flag any more, so nothing may follow.
    if (word === '--' && at === argv.length - 1) continue;
    if (word === '--') return isHelp ? 'help' : { why: 'nothing belongs to a flag after --' };
    if (word === '--help' || word === '-h') {
      isHelp = true;
      continue;
    }
    const [, name = '', , value] = /^--([^=]+)(=([\s\S]*))?$/.exec(word) ?? [];
    const known = Object.entries(spec).find(([one]) => one === name)?.[1];
    const positive = Object.entries(spec).find(([one]) => `no-${one}` === name);
    if (known !== undefined) {
      const isSwitch = known.placeholder === '';
      const next = argv[at + 1];
      const takesNext = value === undefined && !isSwitch && next !== undefined && isWord(next);
      if (takesNext) at += 1;
      if (given.has(name)) why = `${name} twice`;
      if (value === undefined && !isSwitch && !takesNext) why = `${name} has no value`;
      given.set(name, value ?? (takesNext ? next : 'true'));
    } else if (positive?.[1].placeholder === '' && value === undefined) {
      if (given.has(positive[0])) why = `${positive[0]} twice`;
      given.set(positive[0], 'false');
    } else why = `${word} is no flag`;
  }
  if (isHelp) return 'help';
  return why === undefined ? given : { why };
}

/** What can be a value of its own: everything that is not an option. */
function isWord(text: string): boolean {
  return text === '-' || !text.startsWith('-');
}
