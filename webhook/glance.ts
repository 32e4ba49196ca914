// Does a review of a namespace concern us at all? Most namespaces never name an EgressIPAM, and to read their reviews as
// JSON takes longer than all else that is done for them. So one is read only when our annotation is in its text, or when
// it does not begin as API servers begin it.
import { EGRESSIPAM_ANNOTATION } from '../shared/names.ts';
import { type AdmissionRequest, type Decoded, type Operation, V1 } from './review.ts';

const ANNOTATION_END = EGRESSIPAM_ANNOTATION.slice(EGRESSIPAM_ANNOTATION.indexOf('/'));

/**
 * How an API server begins a review of a namespace: uid, what it is about, operation, in this order, and without spaces
 * (AdmissionRequest in https://github.com/kubernetes/api/blob/master/admission/v1/types.go). The objects come after.
 */
const HEAD = new RegExp(
  [
    `^\\{"kind":"AdmissionReview","apiVersion":"${V1.replaceAll('.', '\\.')}","request":`,
    '\\{"uid":"([\\w-]{1,256})","kind":\\{"group":"","version":"v1","kind":"Namespace"\\},',
    '(?:"\\w{1,32}":(?:"[^"\\\\]{0,256}"|\\{[\\w":,.-]{0,256}\\}),){0,8}?',
    '"operation":"(CREATE|UPDATE|DELETE|CONNECT)",',
  ].join(''),
);

/** How it begins the object that is created or changed. */
const OBJECT = '"object":{"kind":"Namespace","apiVersion":"v1","metadata":{';

/**
 * Such a review with nothing in it but uid and operation: the namespace has not opted in, neither before nor after, and
 * nothing else of it is looked at, be it a dry run, a subresource, or no JSON further on. undefined when that cannot be
 * told from the text, and the review must be read.
 */
export function glance(text: string): Decoded | undefined {
  // From the slash on, the annotation's name tells as much as the whole, is found sooner, and stands behind `\/`, too.
  if (text.includes(ANNOTATION_END)) return undefined;
  // Any character can be spelled so.
  if (text.includes('\\u')) return undefined;
  const [, uid, operation] = HEAD.exec(text) ?? [];
  if (uid === undefined || operation === undefined) return undefined;
  if (operation !== 'DELETE' && !text.includes(OBJECT)) return undefined;
  const request: AdmissionRequest = {
    uid,
    operation: operation as Operation,
    subResource: '',
    dryRun: false,
    object: undefined,
    oldObject: undefined,
  };
  return { ok: true, replyTo: { apiVersion: V1, uid }, request };
}
