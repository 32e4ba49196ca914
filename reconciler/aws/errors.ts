// What went wrong with a call to EC2, told apart by code: EC2's errors, the SDK's and the network's become ours, once.
// Messages are written here from parts known to be harmless. EC2's own are not passed on, nor is the error itself as
// `cause`: a signature error quotes the signed headers, and with them a session token.
import { type IPv4, parseIPv4 } from '../../shared/ip.ts';
import { API_NAMES, type Ec2Action } from './ec2.ts';

/**
 * | code | means | took effect |
 * | --- | --- | --- |
 * | AddressTaken | another interface has it and it may not or cannot be moved | no |
 * | WrongSubnet | outside the interface's subnet, or one of the addresses that AWS keeps there | no |
 * | AddressRefused | one of the addresses is at fault, EC2 does not say which or why | no |
 * | NotAssigned | the interface does not have one of the addresses | no |
 * | InterfaceFull | the interface would have more addresses than its instance type allows | no |
 * | InterfaceGone | there is no such interface | no |
 * | Throttled | too many calls in this account and region | no |
 * | Unauthorized | no, wrong or expired credentials | no |
 * | Forbidden | the credentials lack the permission | no |
 * | Unreachable | no connection was made | no |
 * | UnknownOutcome | no answer, or one that does not say: time-out, connection cut, 5xx | perhaps |
 * | Rejected | EC2 refused for another reason | no |
 */
export type CloudErrorCode =
  | 'AddressTaken'
  | 'WrongSubnet'
  | 'AddressRefused'
  | 'NotAssigned'
  | 'InterfaceFull'
  | 'InterfaceGone'
  | 'Throttled'
  | 'Unauthorized'
  | 'Forbidden'
  | 'Unreachable'
  | 'UnknownOutcome'
  | 'Rejected';

/** The message is one sentence without a full stop, fit for logs, conditions and events. */
export class CloudError extends Error {
  readonly code: CloudErrorCode;
  /** Addresses that EC2's message names: a hint and no more, since its wording is no contract. */
  readonly hinted: readonly IPv4[];

  constructor(code: CloudErrorCode, message: string, hinted: readonly IPv4[] = []) {
    super(message);
    this.name = 'CloudError';
    this.code = code;
    this.hinted = hinted;
  }
}

export function isCloudError(error: unknown, ...codes: readonly CloudErrorCode[]): error is CloudError {
  return error instanceof CloudError && (codes.length === 0 || codes.includes(error.code));
}

/** What an error of the SDK tells, as far as we read it. */
interface Failure {
  /** EC2's error code, or the name of the SDK's or the network's error. */
  readonly name: string;
  readonly message: string;
  /** HTTP status; 0 when no answer arrived. */
  readonly status: number;
  readonly requestId: string | undefined;
}

/** The one translation of whatever a call to the SDK throws. */
export function toCloudError(action: Ec2Action, error: unknown): CloudError {
  if (isCloudError(error)) return error;
  const failure = readFailure(error);
  const code = codeOf(action, failure);
  return new CloudError(code, sentence(action, code, failure), hintedIn(code, failure.message));
}

function readFailure(error: unknown): Failure {
  if (!(error instanceof Error)) return { name: 'Unknown', message: '', status: 0, requestId: undefined };
  const { code, $metadata } = error as Error & {
    code?: unknown;
    $metadata?: { httpStatusCode?: number; requestId?: string };
  };
  return {
    name: typeof code === 'string' ? code : error.name,
    message: error.message,
    status: $metadata?.httpStatusCode ?? 0,
    requestId: $metadata?.requestId,
  };
}

const UNAUTHORIZED =
  /^(AuthFailure|Blocked|OptInRequired|MissingAuthenticationToken|IncompleteSignature|InvalidClientTokenId|SignatureDoesNotMatch|RequestExpired|ExpiredToken(Exception)?|InvalidIdentityToken(Exception)?|CredentialsProviderError|TokenProviderError)$/;
const FORBIDDEN = /^(UnauthorizedOperation|AccessDenied(Exception)?)$/;
const THROTTLED = /^(RequestLimitExceeded|Throttling|ThrottlingException|RequestThrottled|SlowDown)$/;
/** The connection was never made, so that nothing can have happened. */
const UNREACHABLE = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH)$/;

function codeOf(action: Ec2Action, failure: Failure): CloudErrorCode {
  const { name, status } = failure;
  if (THROTTLED.test(name)) return 'Throttled';
  if (UNAUTHORIZED.test(name)) return 'Unauthorized';
  if (FORBIDDEN.test(name)) return 'Forbidden';
  if (UNREACHABLE.test(name)) return 'Unreachable';
  // Whatever is not clearly an answer may have taken effect: 2xx that cannot be read, 5xx, nothing at all.
  if (status < 400 || status >= 500 || name === 'Unknown') return 'UnknownOutcome';
  if (name === 'PrivateIpAddressLimitExceeded') return 'InterfaceFull';
  if (/^InvalidNetworkInterfaceI[Dd]\./.test(name)) return 'InterfaceGone';
  if (name === 'InvalidIPAddress.InUse') return 'AddressTaken';
  if (name !== 'InvalidParameterValue') return 'Rejected';
  // What EC2 says of an address that is not there is known from others' sources only, not from a live account.
  if (action === 'unassign') return 'NotAssigned';
  return action === 'assign' ? refusedAddress(failure.message) : 'Rejected';
}

/** EC2 has one code for all that can be wrong with an address; the sentence is the only hint at which it is. */
function refusedAddress(message: string): CloudErrorCode {
  if (/move is not allowed/i.test(message)) return 'AddressTaken';
  return /subnet/i.test(message) ? 'WrongSubnet' : 'AddressRefused';
}

const SENTENCES: Readonly<Record<CloudErrorCode, string>> = {
  AddressTaken: 'an address is on another interface',
  WrongSubnet: 'an address is not one that the subnet can assign',
  AddressRefused: 'an address was refused',
  NotAssigned: 'an address is not on the interface',
  InterfaceFull: 'the interface has no room for as many addresses',
  InterfaceGone: 'there is no such interface',
  Throttled: 'too many calls in this account and region',
  Unauthorized: 'the credentials are missing, wrong or expired',
  Forbidden: 'the credentials lack the permission',
  Unreachable: 'no connection to EC2',
  UnknownOutcome: 'no answer that says whether it took effect',
  Rejected: 'EC2 refused',
};

function sentence(action: Ec2Action, code: CloudErrorCode, failure: Failure): string {
  const request = harmless(failure.requestId);
  const details = [harmless(failure.name), ...(request === '' ? [] : [`request ${request}`])];
  return `${API_NAMES[action]}: ${SENTENCES[code]} (${details.join(', ')})`;
}

/** Codes and request ids are short and plain; anything else is not what it claims to be. */
function harmless(text: string | undefined): string {
  return text !== undefined && /^[\w.-]{1,80}$/.test(text) ? text : '';
}

function hintedIn(code: CloudErrorCode, message: string): IPv4[] {
  if (code !== 'AddressTaken' && code !== 'WrongSubnet' && code !== 'AddressRefused') return [];
  const found = message.matchAll(/(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.]*\d|\/)/g);
  return [...found].flatMap(([text]) => parseIPv4(text) ?? []);
}
