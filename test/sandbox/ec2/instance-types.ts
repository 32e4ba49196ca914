// How many interfaces, and addresses on each, an instance of a type may have: the figures that AWS publishes, for the
// types that OpenShift nodes are commonly made of. The primary address counts as one.

export interface InstanceType {
  readonly name: string;
  readonly vCpus: number;
  readonly maximumNetworkInterfaces: number;
  readonly ipv4AddressesPerInterface: number;
}

/** One row: name, vCPUs, interfaces, IPv4 addresses per interface. */
const ROWS: readonly (readonly [string, number, number, number])[] = [
  ['t2.micro', 1, 2, 2],
  ['t3.nano', 2, 2, 2],
  ['t3.micro', 2, 2, 2],
  ['t3.small', 2, 3, 4],
  ['t3.medium', 2, 3, 6],
  ['t3.large', 2, 3, 12],
  ['t3.xlarge', 4, 4, 15],
  ['t3.2xlarge', 8, 4, 15],
  ...family(['m5', 'm5a', 'm6i', 'm6a', 'm6g', 'm7i', 'c6i', 'c6a', 'c6g', 'r5', 'r6i', 'r6g']),
  ['c5.large', 2, 3, 10],
  ['c5.xlarge', 4, 4, 15],
  ['c5.2xlarge', 8, 4, 15],
  ['c5.4xlarge', 16, 8, 30],
  ['c5.18xlarge', 72, 15, 50],
];

export const INSTANCE_TYPES: ReadonlyMap<string, InstanceType> = new Map(
  ROWS.map(([name, vCpus, maximumNetworkInterfaces, ipv4AddressesPerInterface]) => [
    name,
    { name, vCpus, maximumNetworkInterfaces, ipv4AddressesPerInterface },
  ]),
);

/** The families that share one table of sizes and agree in it. */
function family(names: readonly string[]): (readonly [string, number, number, number])[] {
  return names.flatMap((name) => [
    [`${name}.large`, 2, 3, 10] as const,
    [`${name}.xlarge`, 4, 4, 15] as const,
    [`${name}.2xlarge`, 8, 4, 15] as const,
    [`${name}.4xlarge`, 16, 8, 30] as const,
    [`${name}.16xlarge`, 64, 15, 50] as const,
  ]);
}
