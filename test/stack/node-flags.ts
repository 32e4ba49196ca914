// With which flags does Node run a process of ours? As package.json says, so that what is tested and measured is what
// users run.
import { readFileSync } from 'node:fs';

const PACKAGE = new URL('../../package.json', import.meta.url);
const { scripts } = JSON.parse(readFileSync(PACKAGE, 'utf8')) as { scripts: Record<string, string> };

/** Those that stand before `script` (a path in the checkout) in the command that starts it; none when there is no such command. */
export function nodeFlagsOf(script: string): string[] {
  const command = Object.values(scripts).find((one) => one.split(' ').includes(script)) ?? '';
  const words = command.split(' ');
  return words.slice(1, words.indexOf(script));
}
