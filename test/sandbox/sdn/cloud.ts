// The SDN's view of EC2: which addresses are on each node's primary interface, and what the platform's controller does
// there. It works on the model and not over HTTP, so that the calls counted are the product's alone.
import type { NodeObject } from '../../../shared/kinds.ts';
import type { Account } from '../ec2/account.ts';
import { assign, unassign } from '../ec2/assign.ts';
import { limitOf } from '../ec2/lifecycle.ts';
import type { Ec2State, NetworkInterface } from '../ec2/model.ts';
import { addressesOf } from '../ec2/model.ts';
import { formatAddress, parseAddress } from '../ipv4.ts';
import type { NodeLimit } from './accept.ts';

/** What of the cloud the SDN needs. */
export interface SdnCloud {
  /** Addresses in force on the primary interface of each node. */
  interfaces(nodes: readonly NodeObject[]): ReadonlyMap<string, ReadonlySet<string>>;
  /** Of the node's interface when it has no egress IPs; none if the node has no instance. */
  limit(node: NodeObject): (NodeLimit & { readonly interfaceId: string }) | undefined;
  /** Why it failed, if it did. An address that is there already is no failure. */
  assign(node: NodeObject, ip: string): string | undefined;
  unassign(node: NodeObject, ip: string): void;
}

export function ec2Cloud(account: Account): SdnCloud {
  const primaryOf = (state: Ec2State, node: NodeObject) => primaryInterfaces(state).get(instanceOf(node));
  return {
    interfaces(nodes) {
      const primary = primaryInterfaces(account.inForce);
      return new Map(
        nodes.map((node) => {
          const eni = primary.get(instanceOf(node));
          return [node.metadata.name, new Set(eni === undefined ? [] : addressesOf(eni).map(formatAddress))];
        }),
      );
    },
    limit(node) {
      const eni = primaryOf(account.state, node);
      const subnet = account.state.subnets.get(eni?.subnetId ?? '');
      if (eni === undefined || subnet === undefined) return undefined;
      const capacity = limitOf(account.state, eni) - 1 - eni.prefixes.length;
      return { capacity, subnet: subnet.cidr, interfaceId: eni.id };
    },
    assign(node, ip) {
      const eni = primaryOf(account.state, node);
      if (eni === undefined) return `node ${node.metadata.name} has no interface`;
      if (eni.secondary.includes(parseAddress(ip) ?? -1)) return undefined;
      const input = { networkInterfaceId: eni.id, addresses: [ip], allowReassignment: false };
      const result = account.change((state, now) => assign(state, input, now, account.remapMs));
      return result.ok ? undefined : `${result.error.code}: ${result.error.message}`;
    },
    unassign(node, ip) {
      const eni = primaryOf(account.state, node);
      if (eni === undefined) return;
      // An address that is not there is what was wanted.
      account.change((state) => unassign(state, { networkInterfaceId: eni.id, addresses: [ip] }));
    },
  };
}

/** `aws:///eu-central-1a/i-0123…` ends in the instance's id. */
function instanceOf(node: NodeObject): string {
  return node.spec?.providerID?.split('/').at(-1) ?? '';
}

/** Device 0 on network card 0, by instance. */
function primaryInterfaces(state: Ec2State): Map<string, NetworkInterface> {
  const primary = [...state.interfaces.values()].filter(
    (eni) => eni.attachment?.deviceIndex === 0 && eni.attachment.networkCardIndex === 0,
  );
  return new Map(primary.map((eni) => [eni.attachment?.instanceId ?? '', eni]));
}
