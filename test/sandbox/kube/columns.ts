// What `kubectl get` shows of an object, column by column: the pieces that every kind shares, and the columns
// that a CustomResourceDefinition declares. The columns of the built-in kinds are in core-columns.ts and
// group-columns.ts.

import { ageOf } from './age.ts';
import { fieldOf, type JsonObject, listOf, objectOf, textOf } from './json.ts';
import { compileJsonPath } from './json-path.ts';

/** One column of a meta.k8s.io/v1 Table. */
export interface Column {
  readonly name: string;
  /** An OpenAPI type, or `date`. */
  readonly type: string;
  readonly format: string;
  readonly description: string;
  /** 0 is always shown, more only with `-o wide`. */
  readonly priority: number;
  /** What the object's row shows: a string, number, boolean or null. */
  readonly cell: (object: JsonObject, now: Date) => unknown;
}

// Both sentences are part of the recorded answers: clients show them in `kubectl explain`-like output.
const NAME_DESCRIPTION =
  'Name must be unique within a namespace. Is required when creating resources, although some resources may allow ' +
  'a client to request the generation of an appropriate name automatically. Name is primarily intended for creation ' +
  'idempotence and configuration definition. Cannot be updated. More info: ' +
  'http://kubernetes.io/docs/user-guide/identifiers#names';
const AGE_DESCRIPTION =
  'CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed ' +
  'to be set in happens-before order across separate operations. Clients may not set this value. It is represented ' +
  'in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: ' +
  'https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata';

/** The first column of every table. */
export const NAME_COLUMN: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: NAME_DESCRIPTION,
  priority: 0,
  cell: (object) => textOf(fieldOf(object, 'metadata', 'name')),
};

/** How long ago the object was created. */
export const AGE_COLUMN: Column = {
  name: 'Age',
  type: 'string',
  format: '',
  description: AGE_DESCRIPTION,
  priority: 0,
  cell: (object, now) => ageOf(fieldOf(object, 'metadata', 'creationTimestamp'), now),
};

/** The creation time itself, which kinds without columns of their own and some old ones show. */
export const CREATED_AT_COLUMN: Column = {
  ...AGE_COLUMN,
  name: 'Created At',
  cell: (object) => textOf(fieldOf(object, 'metadata', 'creationTimestamp')),
};

/** The columns of a custom resource: its name, then what its version declares, or else its age. */
export function columnsOf(version: JsonObject): readonly Column[] {
  const declared = listOf(version.additionalPrinterColumns);
  if (declared.length === 0) return [NAME_COLUMN, { ...AGE_COLUMN, type: 'date' }];
  return [NAME_COLUMN, ...declared.map((column) => declaredColumn(objectOf(column)))];
}

function declaredColumn(column: JsonObject): Column {
  const type = textOf(column.type);
  const values = compileJsonPath(textOf(column.jsonPath)) ?? (() => []);
  return {
    name: textOf(column.name),
    type,
    format: textOf(column.format),
    description: textOf(column.description),
    priority: typeof column.priority === 'number' ? column.priority : 0,
    // A column shows one value: of several, the first.
    cell: (object, now) => cellOf(type, values(object)[0], now),
  };
}

function cellOf(type: string, value: unknown, now: Date): unknown {
  if (value === undefined || value === null) return null;
  switch (type) {
    case 'date':
      return typeof value === 'string' ? ageOf(value, now) : '<invalid>';
    case 'string':
      return typeof value === 'string' ? value : JSON.stringify(value);
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null;
    case 'number':
      return typeof value === 'number' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    default:
      return null;
  }
}
