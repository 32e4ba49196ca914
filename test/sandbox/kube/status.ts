// What the API server says when it refuses: a Status object with code, reason, details and the sentence that
// kube-apiserver uses. One constructor per refusal, so that no sentence is spelled twice.

export interface Cause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly Cause[];
  readonly retryAfterSeconds?: number;
}

export interface StatusObject {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: { readonly continue?: string };
  readonly status: 'Success' | 'Failure';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: StatusDetails;
  readonly code?: number;
}

/** Names a collection in refusals: `hostsubnets.network.openshift.io`, `namespaces`. */
export interface GroupResource {
  readonly group: string;
  readonly resource: string;
}

/** Thrown by handlers; the listener answers with its status. */
export class Refusal extends Error {
  readonly status: StatusObject;

  constructor(status: StatusObject) {
    super(status.message ?? '');
    this.name = 'Refusal';
    this.status = status;
  }

  get code(): number {
    return this.status.code ?? 500;
  }
}

export function refusal(
  code: number,
  reason: string,
  message: string,
  details?: StatusDetails,
  metadata: StatusObject['metadata'] = {},
): Refusal {
  return new Refusal({
    kind: 'Status',
    apiVersion: 'v1',
    metadata,
    status: 'Failure',
    message,
    ...(reason === '' ? {} : { reason }),
    ...(details === undefined ? {} : { details }),
    code,
  });
}

export function qualified({ group, resource }: GroupResource): string {
  return group === '' ? resource : `${resource}.${group}`;
}

function about({ group, resource }: GroupResource, name: string): StatusDetails {
  return {
    ...(name === '' ? {} : { name }),
    ...(group === '' ? {} : { group }),
    kind: resource,
  };
}

export function badRequest(message: string): Refusal {
  return refusal(400, 'BadRequest', message);
}

export function unauthorized(): Refusal {
  return refusal(401, 'Unauthorized', 'Unauthorized');
}

export function forbidden(of: GroupResource, name: string, why: string): Refusal {
  const subject = name === '' ? `${qualified(of)} is forbidden` : `${qualified(of)} "${name}" is forbidden`;
  return refusal(403, 'Forbidden', `${subject}: ${why}`, about(of, name));
}

export function notFound(of: GroupResource, name: string): Refusal {
  return refusal(404, 'NotFound', `${qualified(of)} "${name}" not found`, about(of, name));
}

/** Refused before any handler of objects is reached: the answer is not a Status but a line of text. */
export class PlainRefusal extends Refusal {
  readonly text: string;

  /** `status` is what client-go makes of such an answer. */
  constructor(text: string, status: StatusObject) {
    super(status);
    this.text = text;
  }
}

/** Of a path in a built-in group: its router knows the group and not the rest. */
export function noSuchResource(): Refusal {
  return refusal(404, 'NotFound', 'the server could not find the requested resource', {});
}

/** Of a path that nothing serves. */
export function noSuchPath(): Refusal {
  return new PlainRefusal('404 page not found\n', noSuchResource().status);
}

/** The router of built-in kinds has no route for such a method, custom ones have a handler that says so. */
export function methodNotAllowed(of: GroupResource, verb: string, origin: 'builtin' | 'custom'): Refusal {
  if (origin === 'custom') {
    const message = `${verb} is not supported on resources of kind "${qualified(of)}"`;
    return refusal(405, 'MethodNotAllowed', message, about(of, ''));
  }
  const message = 'the server does not allow this method on the requested resource';
  return refusal(405, 'MethodNotAllowed', message, {});
}

/** A fault that kube-apiserver hands on as it found it, without a reason. */
export function unexplained(message: string): Refusal {
  return refusal(500, '', message);
}

export function notAcceptable(accepted: readonly string[]): Refusal {
  return refusal(406, 'NotAcceptable', `only the following media types are accepted: ${accepted.join(', ')}`);
}

export function unsupportedMediaType(accepted: readonly string[]): Refusal {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`;
  return refusal(415, 'UnsupportedMediaType', message);
}

export function alreadyExists(of: GroupResource, name: string): Refusal {
  return refusal(409, 'AlreadyExists', `${qualified(of)} "${name}" already exists`, about(of, name));
}

/** `why` defaults to a lost race on resourceVersion. */
export function conflict(of: GroupResource, name: string, why: string = MODIFIED, causes?: readonly Cause[]) {
  const message = `Operation cannot be fulfilled on ${qualified(of)} "${name}": ${why}`;
  const details = causes === undefined ? about(of, name) : { ...about(of, name), causes };
  return refusal(409, 'Conflict', message, details);
}

const MODIFIED =
  'the object has been modified; please apply your changes to the latest version and try again';

export interface FieldError extends Cause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

/** `kind` is the Kind where the object is invalid, and the resource where the request was. */
export function invalid(
  kind: { group: string; kind: string },
  name: string,
  causes: readonly FieldError[],
): Refusal {
  const errors = causes.map((cause) => `${cause.field}: ${cause.message}`);
  const list = errors.length === 1 ? errors.join() : `[${errors.join(', ')}]`;
  const subject = kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`;
  return refusal(422, 'Invalid', `${subject} "${name}" is invalid: ${list}`, {
    ...(name === '' ? {} : { name }),
    ...(kind.group === '' ? {} : { group: kind.group }),
    kind: kind.kind,
    causes,
  });
}

export function internalError(message: string): Refusal {
  return refusal(500, 'InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] });
}

export function expired(message: string, continueToken?: string): Refusal {
  const metadata = continueToken === undefined ? {} : { continue: continueToken };
  return refusal(410, 'Expired', message, undefined, metadata);
}

export function timedOut(): Refusal {
  const message = 'Timeout: request did not complete within requested timeout - context deadline exceeded';
  return refusal(504, 'Timeout', message, {});
}

export function tooManyRequests(retryAfterSeconds: number): Refusal {
  const message = 'Too many requests, please try again later.';
  return refusal(429, 'TooManyRequests', message, { retryAfterSeconds });
}

export function serviceUnavailable(message: string, retryAfterSeconds?: number): Refusal {
  const details = retryAfterSeconds === undefined ? undefined : { retryAfterSeconds };
  return refusal(503, 'ServiceUnavailable', message, details);
}

/** The answer to a deletion that is complete. */
export function deleted(of: GroupResource, name: string, uid: string): StatusObject {
  const details = { ...about(of, name), uid };
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
}
