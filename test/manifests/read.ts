// Reads manifests/ for the tests beside it: files as objects, and a folder as what its kustomization
// names. Only `resources` are followed; overlays, which patch, are rendered by kubectl where there is one.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { loadAll } from 'js-yaml';

/** The checkout. */
export const ROOT = resolve(import.meta.dirname, '../..');
export const MANIFESTS = join(ROOT, 'manifests');

// biome-ignore lint/suspicious/noExplicitAny: YAML has no types; a wrong path fails the test that takes it.
export type Manifest = any;

/** The objects in one file, in order. */
export function objectsIn(file: string): Manifest[] {
  return loadAll(readFileSync(file, 'utf8')).filter((object) => object !== null && object !== undefined);
}

/** Every YAML file below a folder, sorted. */
export function yamlFiles(folder = MANIFESTS): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.ya?ml$/.test(name))
    .map((name) => join(folder, name))
    .sort();
}

/** The files that a folder's kustomization names, folders it names included, each once. */
export function resourceFiles(folder: string): string[] {
  const files = new Set<string>();
  for (const name of objectsIn(join(folder, 'kustomization.yaml'))[0].resources) {
    const path = resolve(folder, name);
    if (!existsSync(path)) throw new Error(`${folder}/kustomization.yaml names ${name}, which is not there`);
    for (const file of statSync(path).isDirectory() ? resourceFiles(path) : [path]) files.add(file);
  }
  return [...files];
}

/** The objects that a folder's kustomization names, as they stand in the files. */
export function objectsOf(folder: string): Manifest[] {
  return resourceFiles(join(MANIFESTS, folder)).flatMap(objectsIn);
}

/** The one object of a kind and name in the base. */
export function find(kind: string, name: string): Manifest {
  const found = objectsOf('.').filter((object) => object.kind === kind && object.metadata.name === name);
  if (found.length !== 1) throw new Error(`${found.length} objects ${kind} ${name} in manifests/`);
  return found[0];
}

/** The folders that have a kustomization, below manifests/, sorted. */
export function kustomizations(): string[] {
  return yamlFiles()
    .filter((file) => file.endsWith('/kustomization.yaml'))
    .map((file) => dirname(file));
}
