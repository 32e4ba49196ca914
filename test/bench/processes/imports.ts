// A process that has imported what another one imports, and does nothing: what is in memory before there is any data. Its
// arguments are modules of the checkout, whose own imports are made, or packages.
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { serveParent } from './worker.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

/** A module that runs when it is imported is not imported itself. */
async function importsOf(module: string): Promise<void> {
  const path = pathToFileURL(resolve(ROOT, module));
  const text = await readFile(path, 'utf8');
  for (const [, from = ''] of text.matchAll(/^(?:import|\}) .*?from '([^']+)';$/gm)) {
    await import(from.startsWith('.') ? new URL(from, path).href : from);
  }
}

for (const name of process.argv.slice(2)) {
  if (name.endsWith('.ts')) await importsOf(name);
  else await import(name);
}
serveParent(undefined, () => {});
