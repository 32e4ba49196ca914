// Which kinds are served at this moment: the built-in ones, and those of every established CustomResourceDefinition.
// Requests find their kind here; discovery and OpenAPI list them.

import { groupVersionOf, type KindSpec, kindFromCRD } from './builtins.ts';
import { CRDS, collectionKey } from './collection-key.ts';
import { fieldOf, listOf, objectOf } from './json.ts';
import type { ApiObject } from './object.ts';
import { type CompiledSchema, compileSchema } from './schema.ts';
import type { GroupResource } from './status.ts';
import type { Collection, Storage } from './storage.ts';

/** A kind together with where its objects are and how they are checked. */
export interface ServedKind {
  readonly spec: KindSpec;
  readonly custom: boolean;
  /** `v1`, `network.openshift.io/v1`. */
  readonly apiVersion: string;
  readonly resource: GroupResource;
  readonly collection: Collection;
  readonly schema: CompiledSchema | undefined;
}

export class Registry {
  readonly #storage: Storage;
  readonly #served = new Map<string, ServedKind>();
  #kinds: readonly KindSpec[] | undefined;

  constructor(storage: Storage, builtins: readonly KindSpec[]) {
    this.#storage = storage;
    for (const spec of builtins) this.#serve(spec, 'builtin');
    storage.collection(CRDS).listen((change) => {
      this.#withdraw(change.before?.object);
      if (change.type !== 'DELETED') this.#establish(change.version.object);
    });
  }

  /** All that is served, built-in kinds first; another array after each change. */
  get kinds(): readonly KindSpec[] {
    this.#kinds ??= [...this.#served.values()].map((kind) => kind.spec);
    return this.#kinds;
  }

  find(group: string, version: string, plural: string): ServedKind | undefined {
    return this.#served.get(`${group}/${version}/${plural}`);
  }

  /** Whether built-in kinds are served in that version of a group. */
  hasBuiltins(group: string, version: string): boolean {
    return this.all().some(({ spec, custom }) => !custom && spec.group === group && spec.version === version);
  }

  /** Whatever is served, one entry per version of a kind. */
  all(): readonly ServedKind[] {
    return [...this.#served.values()];
  }

  #serve(spec: KindSpec, origin: 'builtin' | 'custom'): void {
    this.#kinds = undefined;
    this.#served.set(`${spec.group}/${spec.version}/${spec.plural}`, {
      spec,
      custom: origin === 'custom',
      apiVersion: groupVersionOf(spec),
      resource: { group: spec.group, resource: spec.plural },
      collection: this.#storage.collection(collectionKey(spec.group, spec.plural)),
      schema: spec.schema === undefined ? undefined : compileSchema(spec.schema),
    });
  }

  #establish(crd: ApiObject): void {
    if (!isEstablished(crd)) return;
    for (const spec of kindFromCRD(crd)) this.#serve(spec, 'custom');
  }

  #withdraw(crd: ApiObject | undefined): void {
    if (crd === undefined) return;
    this.#kinds = undefined;
    for (const { group, version, plural } of kindFromCRD(crd)) {
      this.#served.delete(`${group}/${version}/${plural}`);
    }
  }
}

function isEstablished(crd: ApiObject): boolean {
  return listOf(fieldOf(crd, 'status', 'conditions')).some((condition) => {
    const { type, status } = objectOf(condition);
    return type === 'Established' && status === 'True';
  });
}
