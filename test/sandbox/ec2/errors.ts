// EC2's errors by code, with its sentences, in one place: the product tells them apart by code, people by sentence.
// (*) marks what nobody could check against a live account.

export interface Ec2Error {
  readonly code: string;
  readonly message: string;
  readonly httpStatus: number;
}

/** A value, or why EC2 refuses. */
export type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: Ec2Error };

export function answer<T>(value: T): Answer<T> {
  return { ok: true, value };
}

export function refuse<T = never>(error: Ec2Error): Answer<T> {
  return { ok: false, error };
}

/** The HTTP status that goes with a code: EC2 answers most client errors with 400. */
export function ec2Error(code: string, message: string): Ec2Error {
  return { code, message, httpStatus: HTTP_STATUS[code] ?? 400 };
}

const HTTP_STATUS: Readonly<Record<string, number>> = {
  AuthFailure: 401,
  UnauthorizedOperation: 403,
  DryRunOperation: 412,
  RequestLimitExceeded: 503,
  Unavailable: 503,
  InternalError: 500,
};

/** `kind` as it appears in the code, `noun` as in the sentence. */
interface Named {
  readonly prefix: string;
  readonly malformed: string;
  readonly missing: string;
  readonly noun: string;
}

const INSTANCE: Named = {
  prefix: 'i-',
  malformed: 'InvalidInstanceID.Malformed',
  missing: 'InvalidInstanceID.NotFound',
  noun: 'instance',
};
const INTERFACE: Named = {
  prefix: 'eni-',
  // (*) the code's spelling, «Id» rather than «ID», is the documentation's.
  malformed: 'InvalidNetworkInterfaceId.Malformed',
  missing: 'InvalidNetworkInterfaceID.NotFound',
  noun: 'networkInterface',
};
const SUBNET: Named = {
  prefix: 'subnet-',
  malformed: 'InvalidSubnetID.Malformed', // (*)
  missing: 'InvalidSubnetID.NotFound',
  noun: 'subnet',
};
const VPC: Named = {
  prefix: 'vpc-',
  malformed: 'InvalidVpcID.Malformed', // (*)
  missing: 'InvalidVpcID.NotFound',
  noun: 'vpc',
};
const RESERVATION: Named = {
  prefix: 'scr-',
  malformed: 'InvalidSubnetCidrReservationID.Malformed', // (*)
  missing: 'InvalidSubnetCidrReservationID.NotFound', // (*)
  noun: 'subnetCidrReservation', // (*)
};
const KINDS = {
  instance: INSTANCE,
  interface: INTERFACE,
  subnet: SUBNET,
  vpc: VPC,
  reservation: RESERVATION,
} as const;

export type Kind = keyof typeof KINDS;

/** The error for the first id that is malformed, or for all that `has` does not know; undefined if all are fine. */
export function checkIds(
  kind: Kind,
  ids: readonly string[],
  has: (id: string) => boolean,
): Ec2Error | undefined {
  const named = KINDS[kind];
  const shape = new RegExp(`^${named.prefix}([0-9a-f]{8}|[0-9a-f]{17})$`);
  const malformed = ids.find((id) => !shape.test(id));
  if (malformed !== undefined) {
    const expecting = malformed.startsWith(named.prefix) ? '' : ` (expecting "${named.prefix}...")`;
    return ec2Error(named.malformed, `Invalid id: "${malformed}"${expecting}`);
  }
  const missing = ids.filter((id) => !has(id));
  if (missing.length === 0) return undefined;
  const [plural, verb] = missing.length === 1 ? ['', 'does'] : ['s', 'do'];
  return ec2Error(named.missing, `The ${named.noun} ID${plural} '${missing.join(', ')}' ${verb} not exist`);
}

export function invalidValue(message: string): Ec2Error {
  return ec2Error('InvalidParameterValue', message);
}

export function invalidCombination(message: string): Ec2Error {
  return ec2Error('InvalidParameterCombination', message);
}

export function missingParameter(name: string): Ec2Error {
  return ec2Error('MissingParameter', `The request must contain the parameter ${name}`);
}

/** (*) the sentence: an interface that another AWS service made for itself is that service's alone */
export const NOT_YOURS = ec2Error(
  'OperationNotPermitted',
  'You do not have permission to manage this network interface.',
);
export const LIMIT_EXCEEDED = ec2Error('RequestLimitExceeded', 'Request limit exceeded.');
export const DRY_RUN = ec2Error('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.');
export const AUTH_FAILURE = ec2Error(
  'AuthFailure',
  'AWS was not able to validate the provided access credentials',
);
export const UNAUTHORIZED = ec2Error(
  'UnauthorizedOperation',
  'You are not authorized to perform this operation.',
);
