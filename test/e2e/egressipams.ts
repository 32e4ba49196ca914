// An EgressIPAM for each story, so that no story meets another: each has a slice of every zone's addresses of its own.
import type { EgressIPAMObject, NamespaceObject } from '../../shared/kinds.ts';
import { isApiError } from '../../shared/kube/client.ts';
import { EGRESSIPAMS } from '../../shared/kube/resources.ts';
import { cidr, formatAddress } from '../sandbox/ipv4.ts';
import type { Cluster } from './cluster.ts';
import { eventually } from './eventually.ts';
import { MARK } from './marks.ts';
import { egressIPsOf, namespace } from './namespaces.ts';

export type Spec = EgressIPAMObject['spec'];

/** Addresses of one slice. */
const SLICE = 64;
/** A released IP rests as long as this, which is as good as not at all. */
export const REST = '1s';

/** The `slice`-th 64 addresses of a zone, counted from 1: the first 64 have those that clouds keep for themselves. */
export function sliceOf(addresses: string, slice: number): { cidr: string; ip(offset: number): string } {
  const first = cidr(addresses).first + slice * SLICE;
  return { cidr: `${formatAddress(first)}/26`, ip: (offset) => formatAddress(first + offset) };
}

/** One pool per zone, of the slice. */
export function zonedSpec(cluster: Cluster, slice: number, zones = cluster.zones): Spec {
  return {
    topologyLabel: cluster.platform === 'aws' ? 'topology.kubernetes.io/zone' : 'example.com/rack',
    nodeSelector: { matchLabels: { [MARK]: '' } },
    reuseGracePeriod: REST,
    cidrAssignments: zones.map((zone) => ({
      CIDR: sliceOf(zone.addresses, slice).cidr,
      labelValue: zone.name,
    })),
  };
}

/** One IP of each pool of the slice, the `offset`-th. */
export function ipsOf(cluster: Cluster, slice: number, offset: number): string[] {
  return cluster.zones.map((zone) => sliceOf(zone.addresses, slice).ip(offset));
}

/** Resolves when IPs are to be had from it. */
export async function createEgressIPAM(cluster: Cluster, name: string, spec: Spec): Promise<void> {
  await cluster.client.create(EGRESSIPAMS, egressIPAM(name, spec));
  await untilReady(cluster, name);
  await untilGiving(cluster, name);
}

export function egressIPAM(name: string, spec: Spec): object {
  return { apiVersion: 'redhatcop.redhat.io/v1alpha1', kind: 'EgressIPAM', metadata: { name }, spec };
}

/** Every webhook, too, has to learn of what the reconciler has seen; until then it asks to come back. */
async function untilGiving(cluster: Cluster, name: string): Promise<void> {
  const probe = namespace({ name: 'e2e-probe' }, { egressIPAM: name });
  const attempt = async () => {
    try {
      const { body } = await cluster.raw.request('POST', '/api/v1/namespaces?dryRun=All', probe);
      return egressIPsOf(body as NamespaceObject).length > 0 ? 'given' : 'the webhook was not asked';
    } catch (error) {
      if (isApiError(error, 'unavailable')) return error.message;
      throw error;
    }
  };
  await eventually(`EgressIPAM ${name} gives out IPs`, attempt, (answer) => answer === 'given');
}

/** Resolves when the reconciler has looked at the EgressIPAM as it is now, and found nothing wrong. */
export async function untilReady(cluster: Cluster, name: string): Promise<EgressIPAMObject> {
  const found = await eventually(
    `EgressIPAM ${name} is Ready`,
    () => cluster.client.get(EGRESSIPAMS, name),
    (object) => conditionOf(object, 'Ready')?.status === 'True' && isObserved(object),
  );
  return found as EgressIPAMObject;
}

export function conditionOf(object: EgressIPAMObject | undefined, type: string) {
  return object?.status?.conditions?.find((condition) => condition.type === type);
}

function isObserved(object: EgressIPAMObject | undefined): boolean {
  return object?.status?.observedGeneration === object?.metadata.generation;
}
