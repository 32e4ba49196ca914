// Does a review of a namespace concern us at all? Most namespaces never name an EgressIPAM, and to read their reviews as
// JSON takes longer than all else that is done for them. So a review is read only when our annotation is in its text.
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
 * Such a review without its objects, which are as good as absent: the namespace has not opted in, neither before nor
 * after. undefined when that cannot be told from the text, and the review must be read.
 */
export function glance(text: string): Decoded | undefined {
  // The end of the annotation's name tells as much as the whole, and is found sooner.
  if (text.includes(ANNOTATION_END)) return undefined;
  // These spell characters in other ways, ours among them.
  if (text.includes('\\u') || text.includes('\\/')) return undefined;
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
