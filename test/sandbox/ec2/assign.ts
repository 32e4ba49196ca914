// AssignPrivateIpAddresses and UnassignPrivateIpAddresses as pure functions: all of a call's addresses or none.
//
// | address is                                   | without AllowReassignment | with it         |
// | -------------------------------------------- | ------------------------- | --------------- |
// | free                                         | assigned                  | assigned        |
// | already on this interface                    | nothing, no error (*)     | nothing (*)     |
// | secondary on another interface of the subnet | InvalidParameterValue     | moved           |
// | primary, or in a prefix, of another          | InvalidParameterValue     | refused as well |
// | outside the subnet, or one of AWS's own      | InvalidParameterValue     | refused as well |
import type { Cidr } from '../ipv4.ts';
import { formatAddress, parseAddress, within } from '../ipv4.ts';
import type { Ec2Error } from './errors.ts';
import { answer, checkIds, ec2Error, invalidCombination, invalidValue, NOT_YOURS, refuse } from './errors.ts';
import { freeAddresses, limitOf } from './lifecycle.ts';
import type { Change, Ec2State, NetworkInterface, Remapping, Subnet } from './model.ts';
import { interfacesIn, isReservedByAws, put, slotsUsed } from './model.ts';

export interface AssignInput {
  readonly networkInterfaceId: string;
  readonly addresses: readonly string[];
  /** Lets AWS choose that many. */
  readonly count?: number;
  readonly allowReassignment: boolean;
}

export interface Assigned {
  readonly networkInterfaceId: string;
  /** Those newly assigned. */
  readonly addresses: readonly number[];
}

/** `remapMs`: how long an address that is moved stays visible where it was. */
export function assign(state: Ec2State, input: AssignInput, now: number, remapMs: number): Change<Assigned> {
  const id = input.networkInterfaceId;
  const unknown = checkIds('interface', [id], (known) => state.interfaces.has(known));
  if (unknown) return refuse(unknown);
  const eni = state.interfaces.get(id);
  const subnet = state.subnets.get(eni?.subnetId ?? '');
  if (eni === undefined || subnet === undefined) return refuse(invalidValue(id));
  if (eni.requesterManaged) return refuse(NOT_YOURS);
  const wanted = wantedAddresses(state, subnet, input);
  if ('error' in wanted) return refuse(wanted.error);
  // (*) that one which is there already is no error
  const added = wanted.addresses.filter((ip) => ip !== eni.primary && !eni.secondary.includes(ip));
  const others = interfacesIn(state, subnet.id).filter((other) => other.id !== id);
  const refused = firstRefusal(added, eni, subnet, holders(others, added), input.allowReassignment);
  if (refused) return refuse(refused);
  if (slotsUsed(eni) + added.length > limitOf(state, eni)) {
    return refuse(
      ec2Error('PrivateIpAddressLimitExceeded', 'Number of private addresses will exceed limit.'),
    );
  }
  return answer({
    state: move(state, eni, added, others, now + remapMs),
    value: { networkInterfaceId: id, addresses: added },
  });
}

function wantedAddresses(
  state: Ec2State,
  subnet: Subnet,
  input: AssignInput,
): { addresses: readonly number[] } | { error: Ec2Error } {
  if (input.addresses.length > 0 && input.count !== undefined) {
    const message =
      'The parameter secondaryPrivateIpAddressCount cannot be used with the parameter privateIpAddresses';
    return { error: invalidCombination(message) };
  }
  if (input.count !== undefined) {
    // (*) the sentence; NaN is no count either
    if (!(input.count >= 1))
      return { error: invalidValue(`Value (${input.count}) for secondaryPrivateIpAddressCount`) };
    const salt = `${input.networkInterfaceId} ${state.made}`;
    const addresses = freeAddresses(state, subnet, salt).take(input.count).toArray();
    if (addresses.length === input.count) return { addresses };
    const message = `There are not enough free addresses in subnet '${subnet.id}'`;
    return { error: ec2Error('InsufficientFreeAddressesInSubnet', message) };
  }
  if (input.addresses.length === 0) {
    // (*) the sentence
    const message = 'Either secondaryPrivateIpAddressCount or privateIpAddresses must be specified';
    return { error: ec2Error('MissingParameter', message) };
  }
  return parseAll(input.addresses);
}

function parseAll(texts: readonly string[]): { addresses: readonly number[] } | { error: Ec2Error } {
  const addresses: number[] = [];
  for (const text of texts) {
    const value = parseAddress(text);
    // (*) the sentence
    if (value === undefined) return { error: invalidValue(`invalid value for parameter address: ${text}`) };
    // (*) nobody knows what EC2 says when an address is named twice; it is refused here.
    if (addresses.includes(value))
      return { error: invalidValue(`Address ${text} is specified more than once`) };
    addresses.push(value);
  }
  return { addresses };
}

interface Holders {
  readonly secondary: ReadonlySet<number>;
  readonly fixed: ReadonlySet<number>;
  readonly prefixes: readonly Cidr[];
}

/** Which of the addresses other interfaces of the subnet hold: what could be moved and what could not. */
function holders(others: readonly NetworkInterface[], addresses: readonly number[]): Holders {
  const wanted = new Set(addresses);
  return {
    secondary: new Set(others.flatMap((eni) => eni.secondary.filter((ip) => wanted.has(ip)))),
    fixed: new Set(others.map((eni) => eni.primary).filter((ip) => wanted.has(ip))),
    prefixes: others.flatMap((eni) => eni.prefixes),
  };
}

function firstRefusal(
  added: readonly number[],
  eni: NetworkInterface,
  subnet: Subnet,
  held: Holders,
  allowReassignment: boolean,
): Ec2Error | undefined {
  if (added.some((ip) => !within(subnet.cidr, ip))) {
    return invalidValue("Address does not fall within the subnet's address range");
  }
  if (added.some((ip) => isReservedByAws(subnet, ip))) {
    return invalidValue("Address is in subnet's reserved address range"); // (*)
  }
  const fixed = added.filter(
    (ip) => held.fixed.has(ip) || [...held.prefixes, ...eni.prefixes].some((prefix) => within(prefix, ip)),
  );
  const taken = allowReassignment
    ? fixed
    : added.filter((ip) => fixed.includes(ip) || held.secondary.has(ip));
  // (*) that a primary address is refused with this same sentence when AllowReassignment is set
  return taken.length === 0
    ? undefined
    : invalidValue(`[${taken.map(formatAddress).join(', ')}] assigned, but move is not allowed.`);
}

function move(
  state: Ec2State,
  eni: NetworkInterface,
  added: readonly number[],
  others: readonly NetworkInterface[],
  until: number,
): Ec2State {
  const losers = others.filter((other) => other.secondary.some((ip) => added.includes(ip)));
  const remappings: Remapping[] = losers.flatMap((from) =>
    from.secondary
      .filter((ip) => added.includes(ip))
      .map((address) => ({ address, from: from.id, to: eni.id, until })),
  );
  const left = losers.map((from) => ({
    ...from,
    secondary: from.secondary.filter((ip) => !added.includes(ip)),
  }));
  const gained = { ...eni, secondary: [...eni.secondary, ...added] };
  return {
    ...state,
    interfaces: put(state.interfaces, gained, ...left),
    remappings: [...state.remappings, ...remappings],
    made: state.made + 1,
  };
}

export interface UnassignInput {
  readonly networkInterfaceId: string;
  readonly addresses: readonly string[];
}

export function unassign(state: Ec2State, input: UnassignInput): Change<undefined> {
  const id = input.networkInterfaceId;
  const unknown = checkIds('interface', [id], (known) => state.interfaces.has(known));
  if (unknown) return refuse(unknown);
  const eni = state.interfaces.get(id);
  if (eni === undefined) return refuse(invalidValue(id));
  if (eni.requesterManaged) return refuse(NOT_YOURS);
  if (input.addresses.length === 0) {
    return refuse(ec2Error('MissingParameter', 'The request must contain the parameter privateIpAddress')); // (*)
  }
  const parsed = parseAll(input.addresses);
  if ('error' in parsed) return refuse(parsed.error);
  // (*) the code and the sentence. What EC2 says of a primary address is not known; it is not taken off in any case.
  if (parsed.addresses.some((ip) => !eni.secondary.includes(ip))) {
    return refuse(invalidValue(`Some of the specified addresses are not assigned to interface ${id}`));
  }
  const secondary = eni.secondary.filter((ip) => !parsed.addresses.includes(ip));
  const interfaces = put(state.interfaces, { ...eni, secondary });
  const remappings = state.remappings.filter((m) => m.to !== id || !parsed.addresses.includes(m.address));
  return answer({ state: { ...state, interfaces, remappings }, value: undefined });
}
