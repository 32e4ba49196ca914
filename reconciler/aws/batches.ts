// EC2 carries out a batch of addresses entirely or not at all. This gets as much of a batch done as can be: it sends
// the whole, and when EC2 refuses because of one address, sends the rest without it. Which one that is, EC2 hints at in
// its message; where it does not, suspects are tried apart, and without suspects the batch is halved.
import type { IPv4 } from '../../shared/ip.ts';
import { type CloudError, isCloudError } from './errors.ts';

/** What became of each address of a batch; every address is in exactly one of the four. */
export interface Outcome {
  readonly done: readonly IPv4[];
  readonly failed: ReadonlyMap<IPv4, CloudError>;
  /** It may or may not have taken effect, and may still do so later. */
  readonly unknown: readonly IPv4[];
  /** Not sent, or refused for being too many calls: still to be done, nothing is wrong with them. */
  readonly delayed: readonly IPv4[];
}

export interface Batching {
  /** Where the addresses should be in the end: on the interface, or not on it. */
  readonly goal: 'present' | 'absent';
  /** One call. `delayed`: it was not sent. Rejects with CloudError. */
  send(ips: readonly IPv4[]): Promise<'done' | 'delayed'>;
  /** Those that are probably at fault; asked only when EC2 gave no hint. */
  suspects(ips: readonly IPv4[]): Promise<readonly IPv4[]>;
}

/** The calls are made one after the other; `ips` has no duplicates. */
export async function sendInBatches(ips: readonly IPv4[], batching: Batching): Promise<Outcome> {
  const done: IPv4[] = [];
  const failed = new Map<IPv4, CloudError>();
  const unknown: IPv4[] = [];
  const delayed: IPv4[] = [];
  const fail = (some: readonly IPv4[], error: CloudError) => {
    for (const ip of some) failed.set(ip, error);
  };
  const queue: (readonly IPv4[])[] = ips.length === 0 ? [] : [ips];
  for (let batch = queue.shift(); batch !== undefined; batch = queue.shift()) {
    const result = await attempt(batch, batching);
    if (result === 'done') {
      done.push(...batch);
    } else if (result === 'delayed') {
      delayed.push(...batch);
    } else if (result.code === 'InterfaceGone' && batching.goal === 'absent') {
      done.push(...batch);
    } else if (result.code === 'UnknownOutcome') {
      unknown.push(...batch);
    } else if (!concernsAddresses(result)) {
      // The next batch would fare the same.
      fail([batch, ...queue].flat(), result);
      queue.length = 0;
    } else if (batch.length > 1) {
      const { refused, again } = await takeApart(batch, result, batching);
      fail(refused, result);
      queue.unshift(...again);
    } else if (result.code === 'NotAssigned' && batching.goal === 'absent') {
      done.push(...batch);
    } else {
      // A full interface has no room for the others either.
      const alike = result.code === 'InterfaceFull' ? queue.splice(0).flat() : [];
      fail([...batch, ...alike], result);
    }
  }
  return { done, failed, unknown, delayed };
}

async function attempt(ips: readonly IPv4[], batching: Batching): Promise<'done' | 'delayed' | CloudError> {
  try {
    return await batching.send(ips);
  } catch (error) {
    if (isCloudError(error, 'Throttled')) return 'delayed';
    if (isCloudError(error)) return error;
    throw error;
  }
}

/** Errors that a smaller batch, or one without some address, may not have. */
function concernsAddresses(error: CloudError): boolean {
  return isCloudError(error, 'AddressTaken', 'WrongSubnet', 'AddressRefused', 'NotAssigned', 'InterfaceFull');
}

async function takeApart(
  batch: readonly IPv4[],
  error: CloudError,
  batching: Batching,
): Promise<{ refused: readonly IPv4[]; again: (readonly IPv4[])[] }> {
  const refused = batch.filter((ip) => error.hinted.includes(ip));
  if (refused.length > 0) {
    const rest = without(batch, refused);
    return { refused, again: rest.length === 0 ? [] : [rest] };
  }
  const apart = error.code === 'AddressTaken' || error.code === 'AddressRefused';
  const suspected = apart ? await batching.suspects(batch) : [];
  const suspects = batch.filter((ip) => suspected.includes(ip));
  const rest = without(batch, suspects);
  if (suspects.length === 0 || rest.length === 0) {
    const middle = Math.ceil(batch.length / 2);
    return { refused: [], again: [batch.slice(0, middle), batch.slice(middle)] };
  }
  // A describe may lag: it tells whom to try apart, and EC2 itself who is at fault.
  return { refused: [], again: [rest, ...suspects.map((ip) => [ip])] };
}

function without(ips: readonly IPv4[], some: readonly IPv4[]): IPv4[] {
  return ips.filter((ip) => !some.includes(ip));
}
