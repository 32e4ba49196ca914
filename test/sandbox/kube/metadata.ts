// What the API server itself puts into metadata, and which metadata it refuses: names, labels, annotations,
// finalizers. The sentences are those of k8s.io/apimachinery's validation.
import { randomInt } from 'node:crypto';
import { type JsonObject, textOf } from './json.ts';
import type { ApiObject, Metadata } from './object.ts';
import type { FieldError } from './status.ts';

const NAME_CHARACTERS = 'bcdfghjklmnpqrstvwxz2456789';
const LONGEST_GENERATED_BASE = 58;

/** `base` and five random characters, as generateName asks. */
export function generatedName(base: string): string {
  const suffix = Array.from({ length: 5 }, () => NAME_CHARACTERS[randomInt(NAME_CHARACTERS.length)]);
  return base.slice(0, LONGEST_GENERATED_BASE) + suffix.join('');
}

/** RFC 3339 with whole seconds, as in metadata. */
export function timestamp(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

/** Which names a kind accepts. */
export type NameRule = 'subdomain' | 'label' | 'label1035' | 'path';

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const LABEL_1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const LABEL_VALUE = `(${QUALIFIED})?`;

const isSubdomain = whole(SUBDOMAIN);
const isQualifiedPart = whole(QUALIFIED);
const isLabelValue = whole(LABEL_VALUE);

const SUBDOMAIN_FAULT =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and " +
  `end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${SUBDOMAIN}')`;

interface NameFormat {
  readonly longest: number;
  readonly fits: (name: string) => boolean;
  readonly fault: string;
}

const NAME_FORMATS: Readonly<Record<Exclude<NameRule, 'path'>, NameFormat>> = {
  subdomain: { longest: 253, fits: isSubdomain, fault: SUBDOMAIN_FAULT },
  label: {
    longest: 63,
    fits: whole(LABEL),
    fault:
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end " +
      `with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '${LABEL}')`,
  },
  label1035: {
    longest: 63,
    fits: whole(LABEL_1035),
    fault:
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic " +
      "character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for " +
      `validation is '${LABEL_1035}')`,
  },
};

/** Whatever is wrong with the metadata of an object, new or changed. */
export function metadataFaults(
  object: ApiObject,
  rule: NameRule,
  origin: 'builtin' | 'custom',
): FieldError[] {
  const { metadata } = object;
  return [
    ...nameFaults(metadata, rule),
    ...Object.entries(metadata.labels ?? {}).flatMap(labelFaults),
    ...annotationFaults(metadata.annotations ?? {}),
    ...ownerFaults(metadata.ownerReferences ?? []),
    ...(metadata.finalizers ?? []).flatMap((name, index) => finalizerFaults(name, index, origin)),
  ];
}

/** What a change may not do to metadata; `after` has been completed from `before`. */
export function metadataChangeFaults(before: Metadata, after: Metadata): FieldError[] {
  if (before.deletionTimestamp === undefined) return [];
  const added = (after.finalizers ?? []).filter((name) => !before.finalizers?.includes(name));
  if (added.length === 0) return [];
  const list = added.map((name) => `"${name}"`).join(', ');
  const message = `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`;
  return [{ reason: 'FieldValueForbidden', message, field: 'metadata.finalizers' }];
}

/** Finalizers without a domain are accepted on custom resources, with this warning. */
export function finalizerWarnings(metadata: Metadata): string[] {
  return (metadata.finalizers ?? [])
    .filter((name) => !name.includes('/') && !STANDARD_FINALIZERS.has(name))
    .map(
      (name) =>
        `metadata.finalizers: "${name}": prefer a domain-qualified finalizer name to avoid accidental conflicts with other finalizer writers`,
    );
}

const STANDARD_FINALIZERS: ReadonlySet<string> = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

function nameFaults({ name = '', generateName = '' }: Metadata, rule: NameRule): FieldError[] {
  if (name === '') {
    const message = `Required value: name or generateName is required`;
    return generateName === '' ? [{ reason: 'FieldValueRequired', message, field: 'metadata.name' }] : [];
  }
  return [
    // A dash at its end is not the name's end.
    ...formatFaults(generateName.replace(/(?<=.)-$/, 'a'), rule).map((why) =>
      invalidValue('metadata.generateName', generateName, why),
    ),
    ...formatFaults(name, rule).map((why) => invalidValue('metadata.name', name, why)),
  ];
}

function formatFaults(name: string, rule: NameRule): string[] {
  if (name === '') return [];
  if (rule === 'path') return pathFaults(name);
  const { longest, fits, fault } = NAME_FORMATS[rule];
  return [
    ...(name.length > longest ? [`must be no more than ${longest} characters`] : []),
    ...(fits(name) ? [] : [fault]),
  ];
}

function pathFaults(name: string): string[] {
  if (name === '.' || name === '..') return [`may not be '${name}'`];
  return ['/', '%'].filter((character) => name.includes(character)).map((it) => `may not contain '${it}'`);
}

function labelFaults([key, value]: readonly [string, string]): FieldError[] {
  return [
    ...qualifiedNameFaults(key).map((why) => invalidValue('metadata.labels', key, why)),
    ...labelValueFaults(value).map((why) => invalidValue('metadata.labels', value, why)),
  ];
}

/** Why a text cannot be the value of a label; selectors say the same. */
export function labelValueFaults(value: string): string[] {
  return [
    ...(value.length > 63 ? ['must be no more than 63 characters'] : []),
    ...(isLabelValue(value) ? [] : [LABEL_VALUE_FAULT]),
  ];
}

const ANNOTATIONS_LIMIT = 256 * 1024;

function annotationFaults(annotations: Readonly<Record<string, string>>): FieldError[] {
  const faults: FieldError[] = [];
  let size = 0;
  for (const [key, value] of Object.entries(annotations)) {
    size += key.length + value.length;
    for (const why of qualifiedNameFaults(key.toLowerCase())) {
      faults.push(invalidValue('metadata.annotations', key, why));
    }
  }
  if (size > ANNOTATIONS_LIMIT) {
    const message = `Too long: may not be more than ${ANNOTATIONS_LIMIT} bytes`;
    faults.push({ reason: 'FieldValueTooLong', message, field: 'metadata.annotations' });
  }
  return faults;
}

/** Faults are told of the list as a whole, as kube-apiserver does here. */
function ownerFaults(owners: readonly JsonObject[]): FieldError[] {
  const field = 'metadata.ownerReferences';
  const faults: FieldError[] = owners.flatMap((owner) =>
    ['apiVersion', 'kind', 'name', 'uid']
      .filter((member) => textOf(owner[member]) === '')
      .map((member) => {
        const why = member === 'apiVersion' ? 'version must not be empty' : 'must not be empty';
        return invalidValue(`${field}.${member}`, '', why);
      }),
  );
  const [first, second] = owners
    .filter(({ controller }) => controller === true)
    .map(({ kind, name }) => `${textOf(kind)}/${textOf(name)}`);
  if (second === undefined) return faults;
  const why = `Only one reference can have Controller set to true. Found "true" in references for ${first} and ${second}`;
  return [
    ...faults,
    { reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(owners)}: ${why}`, field },
  ];
}

function finalizerFaults(name: string, index: number, origin: 'builtin' | 'custom'): FieldError[] {
  const faults = qualifiedNameFaults(name);
  if (origin === 'builtin' && !name.includes('/') && !STANDARD_FINALIZERS.has(name)) {
    faults.push('name is neither a standard finalizer name nor is it fully qualified');
  }
  const field = origin === 'builtin' ? `metadata.finalizers[${index}]` : 'metadata.finalizers';
  return faults.map((why) => invalidValue(field, name, why));
}

const QUALIFIED_FAULT =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric " +
  `character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${QUALIFIED}')`;
const LABEL_VALUE_FAULT =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and " +
  "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is " +
  `'${LABEL_VALUE}')`;

/** Why a text cannot be the key of a label. */
export function qualifiedNameFaults(key: string): string[] {
  const parts = key.split('/');
  const name = parts.at(-1) ?? '';
  if (parts.length > 2) {
    return [
      `a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${QUALIFIED}') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const faults: string[] = [];
  if (parts.length === 2 && parts[0] === '') faults.push('prefix part must be non-empty');
  else if (parts.length === 2 && !isSubdomain(parts[0] ?? '')) faults.push(`prefix part ${SUBDOMAIN_FAULT}`);
  if (name === '') faults.push('name part must be non-empty');
  else if (name.length > 63) faults.push('name part must be no more than 63 characters');
  if (!isQualifiedPart(name)) faults.push(QUALIFIED_FAULT);
  return faults;
}

/** As field.Invalid prints it. */
export function invalidValue(field: string, value: string, why: string): FieldError {
  return { reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(value)}: ${why}`, field };
}

function whole(pattern: string): (text: string) => boolean {
  const compiled = new RegExp(`^${pattern}$`);
  return (text) => compiled.test(text);
}
