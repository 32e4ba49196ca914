// Why did a call to the API server fail? Turns an HTTP answer or an error of the connection into an ApiError, once.
// Apart because what may be said in a message is decided here: the server's own sentence at most.
import { ApiError, type ApiErrorCode } from './client.ts';

/** metav1.Status, cut down to what we look at. */
interface Status {
  readonly message?: string;
  readonly reason?: string;
  readonly code?: number;
  readonly details?: { readonly retryAfterSeconds?: number };
}

/** Status messages are sentences, but of a body that it cannot decode the server quotes the whole. */
const QUOTED_BODY = /\{\s*".*/s;
const LONGEST_MESSAGE = 2_000;

/** For an HTTP answer that is not a success. `what` says what was asked, such as `GET /api/v1/nodes`. */
export function fromAnswer(what: string, status: number, body: unknown, retryAfter?: string): ApiError {
  const answer = asStatus(body);
  const code = codeOf(status, answer?.reason);
  return new ApiError(code, sentence(status, answer?.message) ?? `${what} was answered with HTTP ${status}`, {
    status,
    retryAfterSeconds: answer?.details?.retryAfterSeconds ?? seconds(retryAfter),
  });
}

/** For an ERROR event inside a watch stream; its object is a Status. */
export function fromErrorEvent(what: string, object: unknown): ApiError {
  return fromAnswer(what, asStatus(object)?.code ?? 500, object);
}

/** For a call of which no complete answer arrived: whether it took effect is unknown. */
export function fromSilence(what: string, why: string, cause?: unknown): ApiError {
  return new ApiError('unavailable', `${what}: ${why}`, { cause });
}

/** Whether a 404 speaks of one object that is not there, and not of a kind that the server does not serve. */
export function isMissingObject(status: number, body: unknown): boolean {
  const answer = asStatus(body);
  return status === 404 && answer?.reason === 'NotFound' && hasName(answer.details);
}

function codeOf(status: number, reason: string | undefined): ApiErrorCode {
  if (status === 409) return reason === 'AlreadyExists' ? 'alreadyExists' : 'conflict';
  if (status >= 500) return 'unavailable';
  return CODES[status] ?? 'rejected';
}

const CODES: Readonly<Record<number, ApiErrorCode>> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'notFound',
  410: 'expired',
  422: 'invalid',
  429: 'throttled',
};

function asStatus(body: unknown): Status | undefined {
  const isStatus = typeof body === 'object' && body !== null && 'kind' in body && body.kind === 'Status';
  return isStatus ? (body as Status) : undefined;
}

function hasName(details: unknown): boolean {
  return typeof details === 'object' && details !== null && 'name' in details && details.name !== '';
}

function sentence(status: number, message: string | undefined): string | undefined {
  if (typeof message !== 'string' || message === '') return undefined;
  const said = status === 400 ? message.replace(QUOTED_BODY, '…') : message;
  return said.length > LONGEST_MESSAGE ? `${said.slice(0, LONGEST_MESSAGE)} …` : said;
}

/** Retry-After in seconds; its other form, a date, is not used by API servers. */
function seconds(retryAfter: string | undefined): number | undefined {
  return retryAfter !== undefined && /^\d{1,9}$/.test(retryAfter) ? Number(retryAfter) : undefined;
}
