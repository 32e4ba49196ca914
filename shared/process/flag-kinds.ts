// Which kinds of values can a flag have? Each kind knows how its text is read and what to say of a text that it
// cannot read. Commands list their flags with these; flags.ts does the rest.
import { parseDuration } from '../duration.ts';
import type { Flag } from './flags.ts';

/** Where to listen. Without a host: on every address of the machine. Port 0: the kernel chooses. */
export interface BindAddress {
  readonly host: string | undefined;
  readonly port: number;
}

interface About {
  readonly group: string;
  readonly description: string;
}

/** Any text; the empty string means unset, as with Kubernetes commands. */
export function stringFlag(about: About & { placeholder?: string; default?: string }): Flag<string> {
  const text = about.default ?? '';
  return {
    ...about,
    placeholder: about.placeholder ?? 'string',
    default: text,
    defaultText: text,
    expects: 'a text',
    parse: (value) => value,
  };
}

/** A whole number from `min` to `max`. */
export function integerFlag(about: About & { default: number; min: number; max: number }): Flag<number> {
  const { min, max } = about;
  return {
    ...about,
    placeholder: 'integer',
    defaultText: String(about.default),
    expects: `a whole number from ${min} to ${max}`,
    parse(text) {
      const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
      return value >= min && value <= max ? value : undefined;
    },
  };
}

/** A switch: `--name`, `--name=true`, `--name=false`, `--no-name`. */
export function booleanFlag(about: About & { default: boolean }): Flag<boolean> {
  return {
    ...about,
    placeholder: '',
    defaultText: String(about.default),
    expects: '--name, --name=true or --name=false',
    parse(text) {
      if (/^(1|t|T|true|True|TRUE)$/.test(text)) return true;
      return /^(0|f|F|false|False|FALSE)$/.test(text) ? false : undefined;
    },
  };
}

/** One of a few words. */
export function choiceFlag<const C extends string>(
  about: About & { choices: readonly C[]; default: NoInfer<C> },
): Flag<C> {
  return {
    ...about,
    placeholder: about.choices.join('|'),
    defaultText: about.default,
    expects: `one of ${about.choices.join(', ')}`,
    parse: (text) => about.choices.find((choice) => choice === text),
  };
}

/** A duration in Go's spelling, as milliseconds; `min` and `max` are spelled so, too. */
export function durationFlag(about: About & { default: string; min: string; max: string }): Flag<number> {
  const [min, max] = [milliseconds(about.min), milliseconds(about.max)];
  return {
    ...about,
    placeholder: 'duration',
    default: milliseconds(about.default),
    defaultText: about.default,
    expects: `a duration from ${about.min} to ${about.max}, such as 1m30s`,
    parse(text) {
      const value = parseDuration(text);
      return value !== undefined && value >= min && value <= max ? value : undefined;
    },
  };
}

/** `host:port`, `:port`, or `0`, which switches the listener off (`off`). */
export function addressFlag(about: About & { default: string }): Flag<BindAddress | 'off'> {
  return {
    ...about,
    placeholder: 'address',
    default: parseAddress(about.default) ?? 'off',
    defaultText: about.default,
    expects: 'host:port, :port, or 0 for none',
    parse: parseAddress,
  };
}

function parseAddress(text: string): BindAddress | 'off' | undefined {
  if (text === '0') return 'off';
  const match = /^(?:\[(?<v6>[0-9A-Fa-f:.]+)\]|(?<host>[^:[\]\s]*)):(?<port>\d{1,5})$/.exec(text)?.groups;
  const port = Number(match?.port);
  if (match === undefined || port > 65_535) return undefined;
  return { host: match.v6 ?? (match.host || undefined), port };
}

function milliseconds(text: string): number {
  const value = parseDuration(text);
  if (value === undefined) throw new TypeError(`not a duration: ${text}`);
  return value;
}
