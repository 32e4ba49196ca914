// The EC2 port over the AWS SDK. The SDK is loaded with the first call, because it takes more memory than everything else
// that we import together, and clusters on bare metal never make that call.
import type { EC2Client, EC2ClientConfig, Filter } from '@aws-sdk/client-ec2';
import { formatIPv4, type IPv4 } from '../../shared/ip.ts';
import { mountedKeys } from './credentials.ts';
import {
  decodeInstance,
  decodeInterface,
  decodeReservation,
  decodeSubnet,
  decodeTypeLimit,
} from './decode.ts';
import type { Ec2, Ec2Action, InterfaceQuery, Page } from './ec2.ts';
import { toCloudError } from './errors.ts';

type Sdk = typeof import('@aws-sdk/client-ec2');
type Logger = NonNullable<EC2ClientConfig['logger']>;

export interface SdkOptions {
  /** None: from the environment (AWS_REGION) or the instance. */
  readonly region?: string;
  /** Where a Secret with the platform's static keys is mounted; none: the SDK's default chain. */
  readonly credentialsDirectory?: string;
  /** Milliseconds after which a call is given up. */
  readonly callTimeout?: number;
}

/** No call is on its way for longer, waiting for a connection or for credentials included. */
export const CALL_TIMEOUT_MS = 10_000;

const CONNECTION_TIMEOUT_MS = 3_000;
const PAGE = 1000;
const PAGE_OF_TYPES = 100;

/** The endpoint is the region's, or AWS_ENDPOINT_URL. */
export function sdkEc2(options: SdkOptions = {}): Ec2 {
  const connection = new Connection(options);
  return {
    instances: (ids, next) =>
      connection.call('instances', async ({ sdk, client }, options) => {
        const query = { ...filter('instance-id', ids), ...paging(PAGE, next) };
        const answer = await client.send(new sdk.DescribeInstancesCommand(query), options);
        const instances = (answer.Reservations ?? []).flatMap((reservation) => reservation.Instances ?? []);
        return page(instances.flatMap(decodeInstance), answer.NextToken);
      }),
    subnets: (ids, next) =>
      connection.call('subnets', async ({ sdk, client }, options) => {
        const query = { ...filter('subnet-id', ids), ...paging(PAGE, next) };
        const answer = await client.send(new sdk.DescribeSubnetsCommand(query), options);
        return page((answer.Subnets ?? []).flatMap(decodeSubnet), answer.NextToken);
      }),
    interfaces: (query, next) =>
      connection.call('interfaces', async ({ sdk, client }, options) => {
        const input = { Filters: interfaceFilters(query), ...paging(PAGE, next) };
        const answer = await client.send(new sdk.DescribeNetworkInterfacesCommand(input), options);
        return page((answer.NetworkInterfaces ?? []).flatMap(decodeInterface), answer.NextToken);
      }),
    typeLimits: (types, next) =>
      connection.call('typeLimits', async ({ sdk, client }, options) => {
        const query = { ...filter('instance-type', types), ...paging(PAGE_OF_TYPES, next) };
        const answer = await client.send(new sdk.DescribeInstanceTypesCommand(query), options);
        return page((answer.InstanceTypes ?? []).flatMap(decodeTypeLimit), answer.NextToken);
      }),
    reservations: (subnetId, next) =>
      connection.call('reservations', async ({ sdk, client }, options) => {
        const query = { SubnetId: subnetId, ...paging(PAGE, next) };
        const answer = await client.send(new sdk.GetSubnetCidrReservationsCommand(query), options);
        return page((answer.SubnetIpv4CidrReservations ?? []).flatMap(decodeReservation), answer.NextToken);
      }),
    assign: (interfaceId, ips, { allowReassignment }) =>
      connection.call('assign', async ({ sdk, client }, options) => {
        const input = { ...addressing(interfaceId, ips), AllowReassignment: allowReassignment };
        await client.send(new sdk.AssignPrivateIpAddressesCommand(input), options);
      }),
    unassign: (interfaceId, ips) =>
      connection.call('unassign', async ({ sdk, client }, options) => {
        await client.send(new sdk.UnassignPrivateIpAddressesCommand(addressing(interfaceId, ips)), options);
      }),
    close: () => connection.close(),
  };
}

function page<T>(items: readonly T[], next: string | undefined): Page<T> {
  return { items, next: next === '' ? undefined : next };
}

/** Filters leave out what they do not find; asked by id, EC2 refuses the whole call for one unknown id. */
function filter(name: string, values: readonly string[]): { Filters: Filter[] } {
  return { Filters: [{ Name: name, Values: [...values] }] };
}

function interfaceFilters({ subnetIds, having }: InterfaceQuery): Filter[] {
  const subnets = filter('subnet-id', subnetIds).Filters;
  if (having === undefined) return subnets;
  return [...subnets, ...filter('addresses.private-ip-address', having.map(formatIPv4)).Filters];
}

function paging(size: number, next: string | undefined): { MaxResults: number; NextToken?: string } {
  return { MaxResults: size, ...(next === undefined ? {} : { NextToken: next }) };
}

function addressing(interfaceId: string, ips: readonly IPv4[]) {
  return { NetworkInterfaceId: interfaceId, PrivateIpAddresses: ips.map(formatIPv4) };
}

interface Opened {
  readonly sdk: Sdk;
  readonly client: EC2Client;
}

/** Owns the client, and with it the connections and the credentials. */
class Connection {
  readonly #options: SdkOptions;
  #sdk: Promise<Sdk> | undefined;
  #client: EC2Client | undefined;
  #credentialsDoubted = false;

  constructor(options: SdkOptions) {
    this.#options = options;
  }

  async call<T>(
    action: Ec2Action,
    make: (opened: Opened, options: { abortSignal: AbortSignal }) => Promise<T>,
  ): Promise<T> {
    const abortSignal = AbortSignal.timeout(this.#options.callTimeout ?? CALL_TIMEOUT_MS);
    try {
      const opened = await this.#open();
      // The SDK minds the signal when it sends and after, but not while it waits for credentials.
      return await Promise.race([make(opened, { abortSignal }), rejection(abortSignal)]);
    } catch (thrown) {
      const error = toCloudError(action, thrown);
      if (error.code === 'Unauthorized') this.#credentialsDoubted = true;
      throw error;
    }
  }

  close(): void {
    this.#client?.destroy();
    this.#client = undefined;
  }

  async #open(): Promise<Opened> {
    this.#sdk ??= import('@aws-sdk/client-ec2');
    const sdk = await this.#sdk;
    if (this.#client === undefined || this.#credentialsDoubted) {
      this.#client = this.#newClient(sdk, this.#client);
      this.#credentialsDoubted = false;
    }
    return { sdk, client: this.#client };
  }

  /** A client asks for credentials that do not expire only once, so a refused one is replaced; its connections stay. */
  #newClient(sdk: Sdk, before: EC2Client | undefined): EC2Client {
    const { region, credentialsDirectory } = this.#options;
    const config = {
      logger: SILENT,
      // limiter.ts and paced-reads.ts decide whether and when a call is made again.
      maxAttempts: 1,
      // Passed on to the default chain: shared files are read again, instead of once per process.
      ignoreCache: true,
      requestHandler: before?.config.requestHandler ?? { connectionTimeout: CONNECTION_TIMEOUT_MS },
      ...(region === undefined ? {} : { region }),
      ...(credentialsDirectory === undefined
        ? {}
        : { credentials: mountedKeys(credentialsDirectory, Date.now) }),
    };
    return new sdk.EC2Client(config);
  }
}

/**
 * Says nothing. Without `info`, the SDK does not prepare each answer for a log that nobody keeps, which takes an eighth of
 * the time that an answer takes.
 */
const SILENT = { trace() {}, debug() {}, warn() {}, error() {}, info: undefined } as unknown as Logger;

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
