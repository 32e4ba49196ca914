// AdmissionReview, version v1: the question as kube-apiserver spells it, and which answers it accepts.
import type { AdmissionAttributes } from '../cluster.ts';
import { NAMESPACES } from '../collection-key.ts';
import { goKindOf, parseJson } from '../go-json.ts';
import { userInfo } from '../handlers/review.ts';
import { isObject, type JsonObject, objectOf, textOf } from '../json.ts';
import type { ApiObject } from '../object.ts';
import { Refusal, type StatusObject } from '../status.ts';

const REVIEW_VERSION = 'admission.k8s.io/v1';

/** The request without its objects, as conditions see it. */
export function admissionRequest(
  { request, operation, name, namespace, dryRun, options }: AdmissionAttributes,
  uid: string,
  object: ApiObject | undefined,
): JsonObject {
  const { kind, subresource } = request;
  const { group, version, plural, kind: kindName } = kind.spec;
  const groupVersionKind = { group, version, kind: kindName };
  const resource = { group, version, resource: plural };
  // A namespace is in itself, once it has a name.
  const within = group === '' && plural === NAMESPACES ? name : namespace;
  return {
    uid,
    kind: groupVersionKind,
    resource,
    ...(subresource === '' ? {} : { subResource: subresource }),
    requestKind: groupVersionKind,
    requestResource: resource,
    ...(subresource === '' ? {} : { requestSubResource: subresource }),
    ...(name === '' ? {} : { name }),
    ...(within === '' ? {} : { namespace: within }),
    operation,
    userInfo: userInfo(request.user),
    object: object === undefined ? null : {},
    dryRun,
    options,
  };
}

export function admissionReview(
  attributes: AdmissionAttributes,
  uid: string,
  object: ApiObject | undefined,
): JsonObject {
  const { dryRun, options, ...asked } = admissionRequest(attributes, uid, object);
  const { custom } = attributes.request.kind;
  const sent = (value: ApiObject | undefined) => (value === undefined ? null : asSent(value, custom));
  const objects = { object: sent(object), oldObject: sent(attributes.oldObject) };
  const request = { ...asked, ...objects, dryRun, options };
  return { kind: 'AdmissionReview', apiVersion: REVIEW_VERSION, request };
}

/** Typed objects spell out that they have not been created yet. */
function asSent(object: ApiObject, custom: boolean): JsonObject {
  if (custom || object.metadata.creationTimestamp !== undefined) return object;
  const { name, generateName, namespace, uid, resourceVersion, ...rest } = object.metadata;
  const named = { name, generateName, namespace, uid, resourceVersion };
  return { ...object, metadata: { ...named, creationTimestamp: null, ...rest } };
}

/** What a webhook decided. */
export interface Verdict {
  readonly allowed: boolean;
  readonly status: JsonObject;
  readonly warnings: readonly string[];
  /** A JSON patch. */
  readonly patch: readonly unknown[];
}

/** The response is well-formed, but nobody can carry out its patch. */
export class UnusablePatch extends Error {}

/** The answer, or why it is none. Throws Error with kube-apiserver's words. */
export function verdictOf(answer: unknown, uid: string, phase: 'mutating' | 'validating'): Verdict {
  const review = objectOf(answer);
  const { response } = review;
  if (!isObject(response)) throw new Error('webhook response was absent');
  if (response.uid !== uid) {
    throw new Error(
      `expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(textOf(response.uid))}`,
    );
  }
  if (review.apiVersion !== REVIEW_VERSION || review.kind !== 'AdmissionReview') {
    const found = `${textOf(review.apiVersion)}, Kind=${textOf(review.kind)}`;
    throw new Error(`expected webhook response of ${REVIEW_VERSION}, Kind=AdmissionReview, got ${found}`);
  }
  const patch = textOf(response.patch);
  checkPatch(patch, response.patchType, phase);
  return {
    allowed: response.allowed === true,
    status: objectOf(response.status),
    warnings: Array.isArray(response.warnings) ? response.warnings.map(textOf) : [],
    patch: response.allowed === true ? usable(patch, textOf(response.patchType)) : [],
  };
}

function usable(patch: string, type: string): readonly unknown[] {
  if (patch === '') return [];
  const undecodable = (why: string) =>
    new UnusablePatch(`received undecodable patch in webhook response: ${why}`);
  let value: unknown;
  try {
    value = parseJson(Buffer.from(patch, 'base64').toString());
  } catch (error) {
    throw undecodable((error as Error).message);
  }
  if (!Array.isArray(value)) {
    throw undecodable(`json: cannot unmarshal ${goKindOf(value)} into Go value of type jsonpatch.Patch`);
  }
  if (value.length > 0 && type !== 'JSONPatch') throw new UnusablePatch(`unsupported patch type "${type}"`);
  return value;
}

function checkPatch(patch: string, type: unknown, phase: 'mutating' | 'validating'): void {
  if (phase === 'validating') {
    if (patch !== '') throw new Error('validating webhook may not return response.patch');
    if (type !== undefined) throw new Error('validating webhook may not return response.patchType');
    return;
  }
  if (patch !== '' && type === undefined) {
    throw new Error('webhook returned response.patch but not response.patchType');
  }
  if (patch === '' && type !== undefined) {
    throw new Error('webhook returned response.patchType but not response.patch');
  }
}

/** A denial as the client gets it: the webhook's status, at least 400, with its name before its message. */
export function denial(name: string, status: JsonObject): Refusal {
  const denied = `admission webhook "${name}" denied the request`;
  const [message, reason, code] = [textOf(status.message), textOf(status.reason), status.code];
  const why = message || reason;
  const { metadata: _, status: __, message: ___, kind: ____, apiVersion: _____, ...rest } = status;
  return new Refusal({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: why === '' ? `${denied} without explanation` : `${denied}: ${why}`,
    ...rest,
    code: typeof code === 'number' && code >= 400 ? code : 400,
  } as StatusObject);
}
