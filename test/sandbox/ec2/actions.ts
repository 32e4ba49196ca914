// Each action from its form to the body of its answer: the only place that knows the wire names of both.
import { formatCidr, parseCidr } from '../ipv4.ts';
import type { Account } from './account.ts';
import { assign, unassign } from './assign.ts';
import type { Query } from './describe.ts';
import {
  describeInstances,
  describeInstanceTypes,
  describeNetworkInterfaces,
  describeSubnets,
  describeVpcs,
  getSubnetCidrReservations,
} from './describe.ts';
import type { Answer } from './errors.ts';
import { answer, invalidValue, missingParameter, refuse } from './errors.ts';
import { deleteReservation, reserveCidr } from './lifecycle.ts';
import type { Page } from './pages.ts';
import type { Form, Xml } from './protocol.ts';
import { set } from './protocol.ts';
import * as shapes from './shapes.ts';

type Body = Readonly<Record<string, Xml>>;

/** A call with its parameters read: what it will do once it is let through, and a sentence for the log. */
export interface Call {
  readonly sentence: string;
  /** A describe that asks for everything at once. */
  readonly unfiltered: boolean;
  /** Asked only whether it would be let through. AssignPrivateIpAddresses and its opposite have no such parameter. */
  readonly dryRun?: boolean;
  run(): Answer<Body>;
}

/** Reads a form. `salt` decides the order of what comes back. */
export type Action = (account: Account, form: Form, salt: string) => Call;

export const ACTIONS: Readonly<Record<string, Action>> = {
  DescribeInstances: describe('InstanceId', (account, query) => {
    const state = account.read();
    return body(describeInstances(state, query), 'reservationSet', (instance) =>
      shapes.reservation(state, instance, query.salt),
    );
  }),
  DescribeInstanceTypes: describe('InstanceType', (_, query) =>
    body(describeInstanceTypes(query), 'instanceTypeSet', shapes.instanceType)),
  DescribeNetworkInterfaces: describe('NetworkInterfaceId', (account, query) =>
    body(describeNetworkInterfaces(account.read(), query), 'networkInterfaceSet', (eni) =>
      shapes.networkInterface(eni, query.salt),
    )),
  DescribeSubnets: describe('SubnetId', (account, query) => {
    const state = account.read();
    return body(describeSubnets(state, query), 'subnetSet', (subnet) => shapes.subnet(state, subnet));
  }),
  DescribeVpcs: describe('VpcId', (account, query) =>
    body(describeVpcs(account.read(), query), 'vpcSet', shapes.vpc)),
  GetSubnetCidrReservations: (account, form, salt) => {
    const subnetId = form.text('SubnetId');
    const query = { ...readQuery(form, [], salt), ids: subnetId === undefined ? [] : [subnetId] };
    return {
      sentence: describeQuery(query),
      unfiltered: false,
      dryRun: form.flag('DryRun'),
      run: () =>
        subnetId === undefined
          ? refuse(missingParameter('subnetId'))
          : body(
              getSubnetCidrReservations(account.read(), query),
              'subnetIpv4CidrReservationSet',
              (reservation) => shapes.cidrReservation(subnetId, reservation),
            ),
    };
  },
  CreateSubnetCidrReservation: (account, form) => {
    const subnetId = form.text('SubnetId');
    const text = form.text('Cidr');
    const type = form.text('ReservationType');
    const description = form.text('Description');
    return {
      sentence: `${text} of ${subnetId}, ${type}`,
      unfiltered: false,
      dryRun: form.flag('DryRun'),
      run: () => {
        if (subnetId === undefined) return refuse(missingParameter('subnetId'));
        const cidr = parseCidr(text ?? '');
        if (cidr === undefined || formatCidr(cidr) !== text)
          return refuse(invalidValue(`Value (${text}) for parameter cidr is invalid.`)); // (*)
        if (type !== 'explicit' && type !== 'prefix')
          return refuse(invalidValue(`Value (${type}) for parameter reservationType is invalid.`)); // (*)
        const result = account.change((state) => reserveCidr(state, subnetId, cidr, type, description));
        if (!result.ok) return result;
        return answer({ subnetCidrReservation: shapes.cidrReservation(subnetId, result.value) });
      },
    };
  },
  DeleteSubnetCidrReservation: (account, form) => {
    const id = form.text('SubnetCidrReservationId');
    return {
      sentence: id ?? '',
      unfiltered: false,
      dryRun: form.flag('DryRun'),
      run: () => {
        if (id === undefined) return refuse(missingParameter('subnetCidrReservationId'));
        const result = account.change((state) => deleteReservation(state, id));
        if (!result.ok) return result;
        const { subnetId, reservation } = result.value;
        return answer({ deletedSubnetCidrReservation: shapes.cidrReservation(subnetId, reservation) });
      },
    };
  },
  AssignPrivateIpAddresses: (account, form) => {
    const networkInterfaceId = form.text('NetworkInterfaceId');
    const count = form.integer('SecondaryPrivateIpAddressCount');
    const addresses = form.list('PrivateIpAddress');
    const allowReassignment = form.flag('AllowReassignment');
    const wanted = count === undefined ? addresses.join(', ') : `any ${count}`;
    return {
      sentence: `${wanted} to ${networkInterfaceId}${allowReassignment ? ', from wherever they are' : ''}`,
      unfiltered: false,
      run: () => {
        if (networkInterfaceId === undefined) return refuse(missingParameter('networkInterfaceId'));
        const input = {
          networkInterfaceId,
          addresses,
          allowReassignment,
          ...(count === undefined ? {} : { count }),
        };
        const result = account.change((state, now) => assign(state, input, now, account.remapMs));
        return result.ok ? answer(shapes.assigned(result.value)) : result;
      },
    };
  },
  UnassignPrivateIpAddresses: (account, form) => {
    const networkInterfaceId = form.text('NetworkInterfaceId');
    const addresses = form.list('PrivateIpAddress');
    return {
      sentence: `${addresses.join(', ')} from ${networkInterfaceId}`,
      unfiltered: false,
      run: () => {
        if (networkInterfaceId === undefined) return refuse(missingParameter('networkInterfaceId'));
        const result = account.change((state) => unassign(state, { networkInterfaceId, addresses }));
        return result.ok ? answer({ return: true }) : result;
      },
    };
  },
};

function describe(idParameter: string, run: (account: Account, query: Query) => Answer<Body>): Action {
  return (account, form, salt) => {
    const query = readQuery(form, form.list(idParameter), salt);
    const { maxResults, nextToken } = query.page;
    const asked = query.ids.length + query.filters.length;
    return {
      sentence: describeQuery(query),
      unfiltered: asked === 0 && maxResults === undefined && nextToken === undefined,
      dryRun: form.flag('DryRun'),
      run: () => run(account, query),
    };
  };
}

function readQuery(form: Form, ids: readonly string[], salt: string): Query {
  const maxResults = form.integer('MaxResults');
  const nextToken = form.text('NextToken');
  const page = { ...(maxResults === undefined ? {} : { maxResults }), ...(nextToken ? { nextToken } : {}) };
  return { ids, filters: form.filters(), page, salt };
}

function describeQuery(query: Query): string {
  const filters = query.filters.map((filter) => `${filter.name}=${filter.values.join(',')}`);
  return [...query.ids, ...filters, query.page.nextToken === undefined ? '' : 'next page']
    .filter(Boolean)
    .join(' ');
}

function body<T>(found: Answer<Page<T>>, name: string, shape: (item: T) => Xml): Answer<Body> {
  if (!found.ok) return found;
  return answer({ [name]: set(found.value.items.map(shape)), nextToken: found.value.nextToken });
}
