// What a file of stories prints, as people want to read it: a line for each story, and of those that went wrong everything.

export interface Told {
  /** Ready to print, ending with a newline. */
  readonly text: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const STORY =
  /^(?<not>not )?ok \d+ - (?<name>.*?)(?: # (?<directive>SKIP|TODO)\b ?(?<why>.*?))?(?: # time=(?<ms>[\d.]+)ms)?$/i;
const NOISE = /^\s*(?:TAP version|# Subtest:|# time=|# \{|\d+\.\.\d+)/;

/** Reads TAP, in which what belongs to a story stands before its line, indented. */
export function retell(file: string, tap: string): Told {
  const lines: string[] = [file];
  const counts = { passed: 0, failed: 0, skipped: 0 };
  let before: string[] = [];
  // Where a story is in its file, which follows its line, is of no interest: what failed in it stands before.
  for (const line of tap.replaceAll(/^ {2}---\n[\s\S]*?^ {2}\.\.\.$/gm, '').split('\n')) {
    const story = STORY.exec(line)?.groups;
    if (story === undefined) {
      if (!NOISE.test(line) && line.trim() !== '') before.push(line);
      continue;
    }
    const seconds = story.ms === undefined ? '' : ` (${(Number(story.ms) / 1000).toFixed(1)} s)`;
    if (story.not !== undefined) {
      counts.failed += 1;
      lines.push(`  ✗ ${story.name}${seconds}`, ...before.map((text) => `    ${text}`));
    } else if (story.directive !== undefined) {
      counts.skipped += 1;
      lines.push(`  - ${story.name}: left out, ${story.why}`);
    } else {
      counts.passed += 1;
      lines.push(`  ✓ ${story.name}${seconds}`, ...comments(before));
    }
    before = [];
  }
  return { text: `${[...lines, ...comments(before)].join('\n')}\n`, ...counts };
}

function comments(lines: readonly string[]): string[] {
  return lines.flatMap((line) => /^\s*# (.*)/.exec(line)?.[1] ?? []).map((text) => `      ${text}`);
}
