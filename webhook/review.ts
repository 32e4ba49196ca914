// What does an AdmissionReview ask, and how is it answered? Strict about everything that is read later, indifferent to
// the rest: what passes here can be trusted to have the shape that the types say. Plain JSON in and out, no HTTP.
import type { KubeObject } from '../shared/kinds.ts';
import { EGRESSIPAM_ANNOTATION, EGRESSIPS_ANNOTATION, RELEASE_ALL_ANNOTATION } from '../shared/names.ts';
import { shown } from '../shared/problem.ts';
import type { PatchOperation } from './patch.ts';

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

/** One call of the API server. */
export interface AdmissionRequest<T extends KubeObject = KubeObject> {
  /** Identifies this call, not the user's request; the answer must carry it. */
  readonly uid: string;
  readonly operation: Operation;
  /** Empty for the object itself. */
  readonly subResource: string;
  readonly dryRun: boolean;
  /** `metadata` has at least the fields that admission reads checked; a new object has no uid or resourceVersion. */
  readonly object: T | undefined;
  readonly oldObject: T | undefined;
}

/** Whom to answer; known even when the rest cannot be read. */
export interface ReplyTo {
  readonly apiVersion: string;
  /** Empty when there was none to be found. */
  readonly uid: string;
}

export type Decoded =
  | { readonly ok: true; readonly replyTo: ReplyTo; readonly request: AdmissionRequest }
  | { readonly ok: false; readonly replyTo: ReplyTo; readonly message: string };

export type Answer =
  | {
      readonly allowed: true;
      readonly patch?: readonly PatchOperation[];
      readonly warnings?: readonly string[];
    }
  | {
      readonly allowed: false;
      readonly code: 400 | 413 | 422 | 500 | 503;
      readonly message: string;
      readonly retryAfterSeconds?: number;
    };

export const ALLOWED: Answer = { allowed: true };
export const V1 = 'admission.k8s.io/v1';
/** Whom to answer when nothing could be read. */
export const NOBODY: ReplyTo = { apiVersion: V1, uid: '' };

const V1BETA1 = 'admission.k8s.io/v1beta1';
const OPERATIONS: ReadonlySet<unknown> = new Set<Operation>(['CREATE', 'UPDATE', 'DELETE', 'CONNECT']);
const LONGEST_UID = 256;
/** Annotations that are read; the API server sees to it that all are strings, and nobody else is taken at his word. */
const READ_ANNOTATIONS = [EGRESSIPAM_ANNOTATION, EGRESSIPS_ANNOTATION, RELEASE_ALL_ANNOTATION];
const READ_STRINGS = ['name', 'generateName', 'uid', 'resourceVersion'];
const READ_TIMES = ['deletionTimestamp', 'creationTimestamp'];
const REASONS = {
  400: 'BadRequest',
  413: 'RequestEntityTooLarge',
  422: 'Invalid',
  500: 'InternalError',
  503: 'ServiceUnavailable',
} as const;

type Json = Readonly<Record<string, unknown>>;

/** Reads a review of version 1 about `expected`; all else is refused with a sentence that says what is wrong. */
export function decodeReview(text: string, expected: 'Namespace' | 'EgressIPAM'): Decoded {
  let review: unknown;
  try {
    review = JSON.parse(text);
  } catch {
    return refuse(NOBODY, 'the body is not JSON');
  }
  if (!isObject(review)) return refuse(NOBODY, 'the body is not a JSON object');
  const { apiVersion, kind, request } = review;
  const uid = isObject(request) && isUID(request.uid) ? request.uid : '';
  // An answer in another version than the question's would hide the message.
  const replyTo = { apiVersion: apiVersion === V1BETA1 ? V1BETA1 : V1, uid };
  if (kind !== 'AdmissionReview') return refuse(replyTo, `kind must be AdmissionReview, not ${show(kind)}`);
  if (apiVersion !== V1) {
    const what = `apiVersion must be ${V1}, not ${show(apiVersion)}`;
    return refuse(replyTo, `${what}; set admissionReviewVersions: [v1] in the webhook configuration`);
  }
  if (!isObject(request)) return refuse(replyTo, 'request is missing');
  if (uid === '') return refuse(replyTo, 'request.uid must be a string that is not empty');
  const fault = faultOf(request, expected);
  if (fault !== undefined) return refuse(replyTo, fault);
  return { ok: true, replyTo, request: trusted(request, uid) };
}

/** The AdmissionReview that answers, as JSON. */
export function encodeAnswer(replyTo: ReplyTo, answer: Answer): string {
  const { apiVersion, uid } = replyTo;
  const head = `{"kind":"AdmissionReview","apiVersion":"${apiVersion}","response":{"uid":${JSON.stringify(uid)}`;
  if (!answer.allowed) return `${head},"allowed":false,"status":${JSON.stringify(statusOf(answer))}}}`;
  const patch = answer.patch?.length
    ? `,"patchType":"JSONPatch","patch":"${Buffer.from(JSON.stringify(answer.patch)).toString('base64')}"`
    : '';
  const warnings = answer.warnings?.length ? `,"warnings":${JSON.stringify(answer.warnings)}` : '';
  return `${head},"allowed":true${patch}${warnings}}}`;
}

function statusOf(answer: Answer & { readonly allowed: false }): object {
  const { code, message, retryAfterSeconds } = answer;
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason: REASONS[code],
    ...(retryAfterSeconds === undefined ? {} : { details: { retryAfterSeconds } }),
    code,
  };
}

function refuse(replyTo: ReplyTo, message: string): Decoded {
  return { ok: false, replyTo, message };
}

/** What keeps the request from being read. */
function faultOf(request: Json, expected: string): string | undefined {
  if (!OPERATIONS.has(request.operation)) {
    return `request.operation must be CREATE, UPDATE, DELETE or CONNECT, not ${show(request.operation)}`;
  }
  const kind = isObject(request.kind) ? request.kind.kind : undefined;
  if (kind !== expected) return `request.kind.kind must be ${expected} here, not ${show(kind)}`;
  const { dryRun, subResource } = request;
  if (!isAbsent(dryRun) && typeof dryRun !== 'boolean') return 'request.dryRun must be true or false';
  if (!isAbsent(subResource) && typeof subResource !== 'string')
    return 'request.subResource must be a string';
  const fault =
    objectFault(request.object, 'request.object') ?? objectFault(request.oldObject, 'request.oldObject');
  if (fault !== undefined) return fault;
  const { operation } = request;
  if ((operation === 'CREATE' || operation === 'UPDATE') && isAbsent(request.object)) {
    return `request.object is missing from ${operation}`;
  }
  if ((operation === 'UPDATE' || operation === 'DELETE') && isAbsent(request.oldObject)) {
    return `request.oldObject is missing from ${operation}`;
  }
  return undefined;
}

function objectFault(object: unknown, path: string): string | undefined {
  if (isAbsent(object)) return undefined;
  if (!isObject(object)) return `${path} must be an object`;
  const { metadata } = object;
  if (!isObject(metadata)) return `${path}.metadata must be an object`;
  for (const field of READ_STRINGS) {
    if (!isAbsent(metadata[field]) && typeof metadata[field] !== 'string') {
      return `${path}.metadata.${field} must be a string`;
    }
  }
  for (const field of READ_TIMES) {
    if (!isAbsent(metadata[field]) && typeof metadata[field] !== 'string') {
      return `${path}.metadata.${field} must be a time`;
    }
  }
  const { annotations } = metadata;
  if (isAbsent(annotations)) return undefined;
  if (!isObject(annotations)) return `${path}.metadata.annotations must be an object`;
  for (const key of READ_ANNOTATIONS) {
    if (annotations[key] !== undefined && typeof annotations[key] !== 'string') {
      return `${path}.metadata.annotations[${key}] must be a string`;
    }
  }
  return undefined;
}

/** The cast from JSON to types, after the checks above. */
function trusted(request: Json, uid: string): AdmissionRequest {
  return {
    uid,
    operation: request.operation as Operation,
    subResource: (request.subResource as string | null | undefined) ?? '',
    dryRun: request.dryRun === true,
    object: (request.object as KubeObject | null | undefined) ?? undefined,
    oldObject: (request.oldObject as KubeObject | null | undefined) ?? undefined,
  };
}

function isUID(value: unknown): value is string {
  return typeof value === 'string' && value.length <= LONGEST_UID;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

/** A value from outside, short enough for a message; nothing of a nested one. */
function show(value: unknown): string {
  if (isAbsent(value)) return 'absent';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value !== 'string') return `a ${typeof value}`;
  return JSON.stringify(shown(value));
}
