// How does it stand? What the demo's namespaces have, who hosts it, and what the SDN says of their traffic, as one value
// that is printed as JSON or as a table.
import { egressIPAMOf, egressIPsText } from '../../shared/annotation.ts';
import { EGRESSIPAMS, HOST_SUBNETS, NAMESPACES } from '../../shared/kube/resources.ts';
import type { Stack } from '../stack/stack.ts';

export interface HostOf {
  readonly ip: string;
  readonly node: string;
  /** null on bare metal, or when the IP is on no interface. */
  readonly eni: string | null;
}

export interface NamespaceReport {
  readonly name: string;
  readonly egressIPAM: string | null;
  readonly egressIPs: readonly string[];
  readonly hosts: readonly HostOf[];
  readonly egress: 'active' | 'node' | 'dropped';
}

export interface Rejection {
  readonly name: string;
  readonly message: string;
}

export interface Report {
  readonly platform: 'aws' | 'baremetal';
  readonly namespaces: readonly NamespaceReport[];
  readonly rejected: readonly Rejection[];
  readonly ec2Calls: Readonly<Record<string, number>>;
  readonly ok: boolean;
}

/** What the demo asked for, against which the report is judged. */
export interface Expectation {
  readonly optedIn: readonly string[];
  readonly refused: readonly string[];
  readonly created: readonly string[];
}

interface Verdicts {
  readonly namespaces: readonly { readonly namespace: string; readonly egress: NamespaceReport['egress'] }[];
}

interface Ec2View {
  readonly counts: Readonly<Record<string, number>>;
  readonly interfaces: readonly { readonly id: string; readonly addresses: readonly string[] }[];
}

/** Asks cluster, SDN and EC2. */
export async function report(
  stack: Stack,
  platform: Report['platform'],
  expected: Expectation,
  rejected: readonly Rejection[],
): Promise<Report> {
  const [namespaces, hostSubnets, egressIPAMs, verdicts, ec2] = await Promise.all([
    stack.client.list(NAMESPACES),
    stack.client.list(HOST_SUBNETS),
    stack.client.list(EGRESSIPAMS),
    stack.ask<Verdicts>('verdicts'),
    platform === 'aws' ? stack.ask<Ec2View>('ec2') : undefined,
  ]);
  const egress = new Map(verdicts.namespaces.map((verdict) => [verdict.namespace, verdict.egress]));
  const nodes = new Map(
    hostSubnets.items.flatMap((host) => (host.egressIPs ?? []).map((ip) => [ip, host.host])),
  );
  const enis = new Map(ec2?.interfaces.flatMap(({ id, addresses }) => addresses.map((ip) => [ip, id])) ?? []);
  const cidrs = new Map(
    egressIPAMs.items.map(({ metadata, spec }) => [metadata.name, spec.cidrAssignments.length]),
  );
  const reports = namespaces.items
    .filter((it) => expected.created.includes(it.metadata.name) || egressIPAMOf(it) !== undefined)
    .map((namespace): NamespaceReport => {
      const { name } = namespace.metadata;
      const egressIPs =
        egressIPsText(namespace)
          ?.split(',')
          .map((ip) => ip.trim()) ?? [];
      const hosts = egressIPs.flatMap((ip) => {
        const node = nodes.get(ip);
        return node === undefined ? [] : [{ ip, node, eni: enis.get(ip) ?? null }];
      });
      const egressIPAM = egressIPAMOf(namespace) ?? null;
      return { name, egressIPAM, egressIPs, hosts, egress: egress.get(name) ?? 'node' };
    });
  const isServed = (name: string) => {
    const found = reports.find((candidate) => candidate.name === name);
    const wanted = cidrs.get(found?.egressIPAM ?? '');
    if (found?.egress !== 'active' || found.egressIPs.length !== wanted || found.hosts.length !== wanted)
      return false;
    return platform === 'baremetal' || found.hosts.every(({ eni }) => eni !== null);
  };
  const refusedAsExpected =
    rejected.length === expected.refused.length &&
    rejected.every(({ name }) => expected.refused.includes(name));
  const ok = expected.optedIn.every(isServed) && refusedAsExpected;
  return { platform, namespaces: reports, rejected, ec2Calls: ec2?.counts ?? {}, ok };
}
