// Which fields does a JSON text name twice? JSON.parse takes the last one in silence; a strict API server complains.

const OBJECT_END = 0x7d;
const ARRAY_END = 0x5d;
const OBJECT_START = 0x7b;
const ARRAY_START = 0x5b;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;

interface Level {
  /** undefined in a list. */
  readonly keys: Set<string> | undefined;
  readonly path: string;
  key: string;
  index: number;
}

/** Paths as `spec.list[0].name`; `text` is valid JSON. */
export function duplicateFields(text: string): string[] {
  const duplicates: string[] = [];
  const levels: Level[] = [];
  let level: Level | undefined;
  let expectsKey = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = stringEnd(text, at);
      if (expectsKey && level?.keys !== undefined) {
        level.key = unescaped(text, at, end);
        if (level.keys.has(level.key)) duplicates.push(pathOf(level));
        level.keys.add(level.key);
        expectsKey = false;
      }
      at = end;
    } else if (code === OBJECT_START || code === ARRAY_START) {
      if (level !== undefined) levels.push(level);
      const path = level === undefined ? '' : pathOf(level);
      level = { keys: code === OBJECT_START ? new Set() : undefined, path, key: '', index: 0 };
      expectsKey = code === OBJECT_START;
    } else if (code === OBJECT_END || code === ARRAY_END) {
      level = levels.pop();
      expectsKey = false;
    } else if (code === COMMA && level !== undefined) {
      level.index += 1;
      expectsKey = level.keys !== undefined;
    }
  }
  return [...new Set(duplicates)];
}

function stringEnd(text: string, start: number): number {
  for (let at = start + 1; ; at++) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at += 1;
    else if (code === QUOTE || at >= text.length) return at;
  }
}

function unescaped(text: string, start: number, end: number): string {
  const raw = text.slice(start + 1, end);
  return raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw;
}

function pathOf({ keys, path, key, index }: Level): string {
  if (keys === undefined) return `${path}[${index}]`;
  return path === '' ? key : `${path}.${key}`;
}
