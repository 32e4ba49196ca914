// Is this an AdmissionReview that an API server takes, for the request that was made? And what does it say? Everything else
// would reach the user as a failure of the webhook.

/** An answer, read. */
export type SlowAnswer =
  | { readonly allowed: true; readonly patch: readonly unknown[]; readonly warnings: readonly string[] }
  | { readonly allowed: false; readonly code: number; readonly message: string };

const CODES = new Set([400, 413, 422, 503]);
/** Bytes. What is put back or kept may be as long as it was. */
const LONGEST_ANSWER = 32_768;
const LONGEST_WARNING = 1_024;

type Json = Readonly<Record<string, unknown>>;

/** Whom the answer must be to: the uid if it can be one. */
export function uidOf(body: unknown): string {
  const request = isObject(body) && isObject(body.request) ? body.request : {};
  const { uid } = request;
  return typeof uid === 'string' && uid.length <= 256 ? uid : '';
}

/** The answer, or what is wrong with it. */
export function readAnswer(text: string, body: unknown, input: string): SlowAnswer | string {
  const allowance = LONGEST_ANSWER + 2 * input.length;
  if (text.length > allowance) return `the answer is ${text.length} long`;
  const review: unknown = JSON.parse(text);
  if (!isObject(review) || !isObject(review.response)) return 'is no AdmissionReview';
  const isBeta = isObject(body) && body.apiVersion === 'admission.k8s.io/v1beta1';
  const version = `admission.k8s.io/v1${isBeta ? 'beta1' : ''}`;
  if (review.kind !== 'AdmissionReview' || review.apiVersion !== version) return 'is of another kind';
  const { uid, allowed, status, patch, patchType, warnings = [], ...rest } = review.response;
  if (Object.keys(rest).length > 0) return `has ${Object.keys(rest)}`;
  if (uid !== uidOf(body)) return `is to ${JSON.stringify(uid)}`;
  if (!Array.isArray(warnings) || !warnings.every(isWarning))
    return `warns ${JSON.stringify(warnings).slice(0, 300)}`;
  if (allowed === true && status === undefined) {
    if (patch === undefined) return { allowed, patch: [], warnings };
    if (patchType !== 'JSONPatch' || typeof patch !== 'string') return 'has another patch type';
    return { allowed, patch: JSON.parse(Buffer.from(patch, 'base64').toString()) as unknown[], warnings };
  }
  if (allowed !== false || !isObject(status) || patch !== undefined) return 'is neither yes nor no';
  return readStatus(status);
}

function readStatus(status: Json): SlowAnswer | string {
  const { code, message, details } = status;
  if (typeof code !== 'number' || !CODES.has(code)) return `has code ${code}: ${message}`;
  if (typeof message !== 'string' || message === '') return 'has no message';
  if (message.length > LONGEST_ANSWER) return `has a message of ${message.length} characters`;
  if ((code === 503) !== isObject(details)) return `says when to come back with code ${code}`;
  return { allowed: false, code, message };
}

function isWarning(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= LONGEST_WARNING;
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
