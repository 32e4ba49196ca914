// `kubectl get` asks for a Table instead of the objects: this makes one. Apart because it answers to a
// representation that the client negotiates, not to the resource.

import { type JsonObject, objectOf } from './json.ts';
import type { KindSpec } from './kind.ts';

/** What each row carries of its object: `Metadata` is the default, `None` leaves it out. */
export type IncludeObject = 'Metadata' | 'Object' | 'None';

/** What a table needs beside kind and objects. */
export interface TableOptions {
  readonly includeObject: IncludeObject;
  readonly now: Date;
  /** The metadata of the list, or `{resourceVersion}` of the one object. */
  readonly listMetadata: JsonObject;
}

/** A meta.k8s.io/v1 Table with one row per item. */
export function toTable(kind: KindSpec, items: readonly JsonObject[], options: TableOptions): JsonObject {
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: options.listMetadata,
    columnDefinitions: columnDefinitions(kind),
    rows: items.map((item) => ({
      cells: kind.columns.map((column) => column.cell(item, options.now)),
      object: rowObject(item, options.includeObject),
    })),
  };
}

/**
 * The metadata of an object and nothing else, as `includeObject=Metadata` and metadata-only clients get it.
 */
export function partialObjectMetadata(object: JsonObject): JsonObject {
  return {
    kind: 'PartialObjectMetadata',
    apiVersion: 'meta.k8s.io/v1',
    metadata: objectOf(object.metadata),
  };
}

function columnDefinitions(kind: KindSpec): JsonObject[] {
  return kind.columns.map(({ name, type, format, description, priority }) => ({
    name,
    type,
    format,
    description,
    priority,
  }));
}

function rowObject(item: JsonObject, include: IncludeObject): JsonObject | null {
  switch (include) {
    case 'Metadata':
      return partialObjectMetadata(item);
    case 'Object':
      return item;
    case 'None':
      return null;
  }
}
