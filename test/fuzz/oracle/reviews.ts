// Can this review be judged at all? Says once more which fields must have which types.
import { isObject, uidOf } from './answers.ts';

type Json = Readonly<Record<string, unknown>>;

/** A request that can be judged; what is absent may be null. */
export interface SlowRequest {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  readonly subResource: string;
  readonly dryRun: boolean;
  readonly object: SlowObject | undefined;
  readonly oldObject: SlowObject | undefined;
}

export interface SlowObject {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly spec?: unknown;
}

const PREFIX = 'egressip-ipam-operator.redhat-cop.io/';

/** An annotation of ours. */
export function annotationOf(object: SlowObject | undefined, name: string): string | undefined {
  const annotations = object?.metadata.annotations;
  const entry = isObject(annotations)
    ? Object.entries(annotations).find(([key]) => key === PREFIX + name)
    : undefined;
  return entry?.[1] as string | undefined;
}

/** A name or a time; undefined when it is absent. */
export function textOf(object: SlowObject | undefined, field: string): string | undefined {
  const value = object?.metadata[field];
  return typeof value === 'string' ? value : undefined;
}

/** undefined: it must be answered with 400. */
export function readRequest(body: unknown, kind: string): SlowRequest | undefined {
  if (!isObject(body) || body.kind !== 'AdmissionReview' || body.apiVersion !== 'admission.k8s.io/v1')
    return undefined;
  const { request } = body;
  if (!isObject(request) || uidOf(body) === '') return undefined;
  const { operation, object, oldObject, subResource, dryRun } = request;
  if (!isObject(request.kind) || request.kind.kind !== kind) return undefined;
  if (!isNothing(subResource) && typeof subResource !== 'string') return undefined;
  if (!isNothing(dryRun) && typeof dryRun !== 'boolean') return undefined;
  if (![object, oldObject].every((one) => isNothing(one) || isReadable(one))) return undefined;
  const needed = { CREATE: [object], UPDATE: [object, oldObject], DELETE: [oldObject], CONNECT: [] };
  const entry = Object.entries(needed).find(([name]) => name === operation);
  if (entry === undefined || entry[1].some(isNothing)) return undefined;
  return {
    operation: operation as SlowRequest['operation'],
    subResource: typeof subResource === 'string' ? subResource : '',
    dryRun: dryRun === true,
    object: (object ?? undefined) as SlowObject | undefined,
    oldObject: (oldObject ?? undefined) as SlowObject | undefined,
  };
}

const BEGINNING = '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"';
const ABOUT = '","kind":{"group":"","version":"v1","kind":"Namespace"},';

/**
 * Whom a plain yes may be to without reading on: a review that begins as API servers begin one about a namespace, and in
 * which our annotation is nowhere, can ask nothing of us.
 */
export function uidUnread(sent: string): string | undefined {
  const meant = sent
    .replaceAll(/\\u[0-9a-fA-F]{4}/g, (spelled) => String.fromCharCode(Number.parseInt(spelled.slice(2), 16)))
    .replaceAll('\\/', '/');
  if (!sent.startsWith(BEGINNING) || meant.includes(`${PREFIX}egressipam`)) return undefined;
  const uid = sent.slice(BEGINNING.length).split('"', 1)[0] ?? '';
  return sent.startsWith(ABOUT, BEGINNING.length + uid.length) ? uid : undefined;
}

function isReadable(object: unknown): boolean {
  if (!isObject(object) || !isObject(object.metadata)) return false;
  const { metadata } = object;
  const texts = ['name', 'generateName', 'uid', 'resourceVersion', 'deletionTimestamp', 'creationTimestamp'];
  if (!texts.every((field) => isNothing(metadata[field]) || typeof metadata[field] === 'string'))
    return false;
  const { annotations } = metadata;
  if (isNothing(annotations)) return true;
  return (
    isObject(annotations) &&
    ['egressipam', 'egressips', 'release-all'].every((name) => isTextAt(annotations, name))
  );
}

function isTextAt(annotations: Json, name: string): boolean {
  const key = PREFIX + name;
  return !Object.keys(annotations).includes(key) || typeof annotations[key] === 'string';
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null;
}
