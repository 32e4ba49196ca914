import t from 'tap';
import type { Ec2Action } from '../../../reconciler/aws/ec2.ts';
import { CloudError, type CloudErrorCode, toCloudError } from '../../../reconciler/aws/errors.ts';
import { texts } from './zone.ts';

/** What the SDK throws: EC2's answers have a status, the network's errors a code, its own neither. */
function thrown(name: string, message: string, status?: number, code?: string): Error {
  return Object.assign(new Error(message), {
    name,
    ...(code === undefined ? {} : { code }),
    ...(status === undefined ? {} : { $metadata: { httpStatusCode: status, requestId: 'req-1' } }),
  });
}

t.test('errors are told apart by code, and what may have taken effect is not called a failure', async (t) => {
  const rows: [Ec2Action, Error, CloudErrorCode][] = [
    ['assign', thrown('PrivateIpAddressLimitExceeded', 'too many', 400), 'InterfaceFull'],
    ['assign', thrown('InvalidNetworkInterfaceID.NotFound', 'gone', 400), 'InterfaceGone'],
    ['unassign', thrown('InvalidNetworkInterfaceId.Malformed', 'what', 400), 'InterfaceGone'],
    [
      'assign',
      thrown('InvalidParameterValue', '[10.0.0.7] assigned, but move is not allowed.', 400),
      'AddressTaken',
    ],
    ['assign', thrown('InvalidIPAddress.InUse', 'Address 10.0.0.7 is in use.', 400), 'AddressTaken'],
    [
      'assign',
      thrown('InvalidParameterValue', "Address does not fall within the subnet's address range", 400),
      'WrongSubnet',
    ],
    ['assign', thrown('InvalidParameterValue', 'Something that AWS says from now on', 400), 'AddressRefused'],
    [
      'unassign',
      thrown(
        'InvalidParameterValue',
        'Some of the specified addresses are not assigned to interface eni-1',
        400,
      ),
      'NotAssigned',
    ],
    ['interfaces', thrown('InvalidParameterValue', "The filter 'x' is invalid", 400), 'Rejected'],
    ['assign', thrown('RequestLimitExceeded', 'Request limit exceeded.', 503), 'Throttled'],
    ['instances', thrown('UnauthorizedOperation', 'You are not authorized', 403), 'Forbidden'],
    ['instances', thrown('AuthFailure', 'AWS was not able to validate', 401), 'Unauthorized'],
    ['instances', thrown('RequestExpired', 'Request has expired.', 400), 'Unauthorized'],
    ['assign', thrown('CredentialsProviderError', 'Could not load credentials'), 'Unauthorized'],
    ['assign', thrown('Error', 'connect ECONNREFUSED', undefined, 'ECONNREFUSED'), 'Unreachable'],
    ['assign', thrown('Error', 'getaddrinfo ENOTFOUND', undefined, 'ENOTFOUND'), 'Unreachable'],
    ['assign', thrown('TimeoutError', 'socket hang up', undefined, 'ECONNRESET'), 'UnknownOutcome'],
    ['assign', thrown('AbortError', 'Request aborted'), 'UnknownOutcome'],
    [
      'assign',
      new DOMException('The operation was aborted due to timeout', 'TimeoutError'),
      'UnknownOutcome',
    ],
    ['assign', thrown('InternalError', 'An internal error has occurred', 500), 'UnknownOutcome'],
    ['assign', thrown('Unavailable', 'The server is overloaded', 503), 'UnknownOutcome'],
    ['assign', thrown('Unknown', 'Unknown', 400), 'UnknownOutcome'],
    ['assign', thrown('Error', 'XML parse error', 200), 'UnknownOutcome'],
    ['assign', thrown('IncorrectState', 'not now', 400), 'Rejected'],
  ];
  for (const [action, error, code] of rows) t.equal(toCloudError(action, error).code, code, error.message);
  t.equal(toCloudError('assign', 'not even an error').code, 'UnknownOutcome');
});

t.test('addresses that the sentence names are a hint, CIDRs and fragments are not', async (t) => {
  const rows: [string, string[]][] = [
    ['[10.0.128.7], [10.0.128.8] assigned, but move is not allowed.', ['10.0.128.7', '10.0.128.8']],
    ['Address 10.0.1.5 does not fall within subnet 10.0.128.0/20.', ['10.0.1.5']],
    ['It is 10.0.1.5.', ['10.0.1.5']],
    ['version 1.2.3.4.5 of 999.1.1.1', []],
    ['nothing', []],
  ];
  for (const [message, addresses] of rows) {
    const error = toCloudError('assign', thrown('InvalidParameterValue', message, 400));
    t.strictSame(texts(error.hinted), addresses, message);
  }
});

t.test(
  'D11: neither the message nor anything that comes with it has a secret, a header or a body',
  async (t) => {
    const secret = 'AKIDSECRET/FwoGZXIvYXdzE';
    const canonical = `The Canonical String for this request should have been 'POST / x-amz-security-token:${secret}'`;
    const error = Object.assign(thrown('SignatureDoesNotMatch', canonical, 403), {
      $response: { headers: { 'x-amz-security-token': secret }, body: secret },
    });
    const odd = thrown(`Code ${secret}`, secret, 400, `code ${secret}`);
    for (const one of [error, odd, thrown('Error', secret)]) {
      const ours = toCloudError('assign', one);
      const everything = `${ours.stack} ${JSON.stringify(ours, Object.getOwnPropertyNames(ours))} ${String(ours.cause)}`;
      t.notMatch(everything, secret);
    }
  },
);

t.test('the message says which action failed and why, with what AWS support asks for', async (t) => {
  const error = toCloudError('assign', thrown('UnauthorizedOperation', 'Encoded authorization …', 403));
  t.equal(
    error.message,
    'AssignPrivateIpAddresses: the credentials lack the permission (UnauthorizedOperation, request req-1)',
  );
});

t.test('an error that is ours already stays as it is', async (t) => {
  const ours = new CloudError('Throttled', 'x');
  t.equal(toCloudError('assign', ours), ours);
});
