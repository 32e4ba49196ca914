// Why was a list of IPs refused, and who is said to hold them? Reads the sentences that users read, on purpose by their words:
// that they say who holds an address is what is tried here.

/** One IP of a refusal, with the reason under which it is counted. */
export interface RefusedIP {
  readonly ip: string;
  readonly reason: string;
  /** The namespace that is said to hold it; empty: one being created. */
  readonly holder: string | undefined;
}

const IP = String.raw`(?<ip>\d+\.\d+\.\d+\.\d+)`;
const REASONS: readonly (readonly [reason: string, sentence: RegExp])[] = [
  ['allocated to another namespace', reason('is allocated to namespace "(?<holder>[^"]+)"')],
  ['allocated to a namespace being created', reason('is allocated to a namespace being created')],
  ['listed by another namespace', reason('is listed by namespace "(?<holder>[^"]+)"')],
  ["on a stranger's NetNamespace", reason('is on the NetNamespace of "(?<holder>[^"]+)"')],
  ['on a HostSubnet', reason('is on the HostSubnet of node')],
  ['reserved', reason('is in reservedIPs of')],
  ['network or broadcast address', reason('is the (?:network|broadcast) address of')],
  ["a node's address", reason('is the address of node')],
  ['in no CIDR', reason('is in no CIDR of')],
  ['two of one CIDR', reason('(?:and .* are both of|is listed twice)')],
  ['not an address', /(?<ip>)(?:has leading zeros|is not an IPv4 address|is empty)/g],
];

/** Every IP that the message speaks of; none when it gives no reason that is known. */
export function refusedIPs(message: string): RefusedIP[] {
  return REASONS.flatMap(([reason, sentence]) =>
    [...message.matchAll(sentence)].map(({ groups }) => ({
      ip: groups?.ip ?? '',
      reason,
      holder: reason === 'allocated to a namespace being created' ? '' : groups?.holder,
    })),
  );
}

function reason(words: string): RegExp {
  return new RegExp(`${IP} ${words}`, 'g');
}
