// What the demo puts into the cluster: manifests/ as they stand, the samples, and namespaces after their pattern.
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { load, loadAll } from 'js-yaml';
import { EGRESSIPAM_ANNOTATION, EGRESSIPS_ANNOTATION } from '../../shared/names.ts';
import { applyJsonPatch } from '../sandbox/kube/json-patch.ts';

const MANIFESTS = resolve(import.meta.dirname, '../../manifests');

/** An object of a manifest file. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

/** What `kubectl apply -k manifests` would apply, without images and patches, which nothing here runs. */
export function installation(): Manifest[] {
  return resourcesOf(resolve(MANIFESTS, 'base'));
}

/** The overlay for API servers that do not serve match conditions, on an object that it concerns. */
export function asOlder<T extends object>(object: T & { readonly kind?: string }): T {
  const [kustomization] = objectsIn(resolve(MANIFESTS, 'overlays/older/kustomization.yaml')) as unknown as {
    patches: { target: { kind?: string }; patch: string }[];
  }[];
  const patches = (kustomization?.patches ?? []).filter(({ target }) => target.kind === object.kind);
  return patches.reduce<T>((patched, { patch }) => applied(patched, load(patch)), object);
}

function applied<T extends object>(object: T, patch: unknown): T {
  const result = applyJsonPatch(object as never, patch);
  if (!result.ok) throw new Error(`the overlay does not fit: ${JSON.stringify(patch)}`);
  return result.value as T;
}

export interface DemoNamespaces {
  readonly accepted: readonly Manifest[];
  readonly plain: Manifest;
  readonly refused: Manifest;
}

/** The sample EgressIPAM of the platform. */
export function sampleEgressIPAM(platform: 'aws' | 'baremetal'): Manifest {
  return sample(platform, 'egressipam.yaml')[0] as Manifest;
}

/** `count` namespaces that opt in, the samples first, one with explicit IPs; one that does not; one that cannot. */
export function demoNamespaces(platform: 'aws' | 'baremetal', count: number): DemoNamespaces {
  const egressIPAM = sampleEgressIPAM(platform).metadata.name;
  const [automatic, explicit] = sample(platform, 'namespaces.yaml') as [Manifest, Manifest];
  const more = Array.from({ length: Math.max(0, count - 2) }, (_, index) =>
    namespace(nameOf(index + 2), { [EGRESSIPAM_ANNOTATION]: egressIPAM }),
  );
  // A list with every kind of mistake: not an address, outside every CIDR, two of one CIDR, reserved.
  const wrong =
    platform === 'aws'
      ? '10.0.128.300,10.9.9.9,10.0.144.10,10.0.144.50'
      : '192.168.100.300,10.9.9.9,192.168.100.1';
  return {
    accepted: count === 1 ? [explicit] : [automatic, explicit, ...more],
    plain: namespace('plain', {}),
    refused: namespace('mistaken', { [EGRESSIPAM_ANNOTATION]: egressIPAM, [EGRESSIPS_ANNOTATION]: wrong }),
  };
}

function nameOf(index: number): string {
  return index < 26 ? `team-${String.fromCharCode(97 + index)}` : `team-${index + 1}`;
}

function namespace(name: string, annotations: Record<string, string>): Manifest {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, annotations } };
}

function sample(platform: string, file: string): Manifest[] {
  return objectsIn(resolve(MANIFESTS, 'samples', platform, file));
}

function resourcesOf(folder: string): Manifest[] {
  const [kustomization] = objectsIn(resolve(folder, 'kustomization.yaml')) as unknown as {
    resources: string[];
  }[];
  return (kustomization?.resources ?? []).flatMap((name) => {
    const path = resolve(folder, name);
    return statSync(path).isDirectory() ? resourcesOf(path) : objectsIn(path);
  });
}

function objectsIn(file: string): Manifest[] {
  return loadAll(readFileSync(file, 'utf8')).filter((object) => object != null) as Manifest[];
}
