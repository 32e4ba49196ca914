// The schemas of our CRDs as validators, and the fields they know. A real API server drops what a schema does
// not name without a word, so the tests have to ask for both.
import { Ajv, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import { find, type Manifest } from './read.ts';

const version = (plural: string): Manifest =>
  find('CustomResourceDefinition', `${plural}.redhatcop.redhat.io`).spec.versions[0];

/** kubectl's columns for a kind. */
export function printerColumns(plural: string): Manifest[] {
  return version(plural).additionalPrinterColumns;
}

/** Judges an object of a kind as its CRD does: null, or what is wrong with it. */
export function validator(plural: string): (object: object) => string | null {
  const ajv = new Ajv({ allErrors: true, strict: false });
  formats.default(ajv);
  const validate: ValidateFunction = ajv.compile(version(plural).schema.openAPIV3Schema);
  return (object) => (validate(object) ? null : ajv.errorsText(validate.errors, { dataVar: '' }));
}

/** Paths of fields in the object that the schema does not name, and that an API server would drop. */
export function unknownFields(plural: string, object: object): string[] {
  const walk = (schema: Manifest, value: unknown, path: string): string[] => {
    if (Array.isArray(value)) return value.flatMap((item, i) => walk(schema.items, item, `${path}[${i}]`));
    if (typeof value !== 'object' || value === null) return [];
    return Object.entries(value).flatMap(([key, item]) => {
      const next = schema.properties?.[key] ?? schema.additionalProperties;
      return next === undefined ? [`${path}.${key}`] : walk(next, item, `${path}.${key}`);
    });
  };
  const { metadata: _, ...rest } = object as Manifest;
  return walk(version(plural).schema.openAPIV3Schema, rest, '');
}
