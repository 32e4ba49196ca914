// The columns that kubectl's users know of the kinds of the core group (`kubectl get`, with `-o wide` those
// of priority 1). Apart from the kinds because it is presentation; descriptions are short where nobody
// compares them.

import { ageOf } from './age.ts';
import { type Cell, column, field, joined, pairs, size, sizeOf, wide } from './column-cells.ts';
import { AGE_COLUMN, type Column, NAME_COLUMN } from './columns.ts';
import { fieldOf, type JsonObject, listOf, objectOf, textOf } from './json.ts';

export const NAMESPACE_COLUMNS: readonly Column[] = [
  NAME_COLUMN,
  column('Status', 'The status of the namespace', (o) => textOf(fieldOf(o, 'status', 'phase'))),
  AGE_COLUMN,
];

function nodeStatus(node: JsonObject): string {
  const ready = listOf(fieldOf(node, 'status', 'conditions'))
    .map(objectOf)
    .find((condition) => condition.type === 'Ready');
  const status = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
  return fieldOf(node, 'spec', 'unschedulable') === true ? `${status},SchedulingDisabled` : status;
}

function nodeRoles(node: JsonObject): string {
  const prefix = 'node-role.kubernetes.io/';
  const roles = Object.entries(objectOf(fieldOf(node, 'metadata', 'labels'))).flatMap(([key, value]) => {
    if (key.startsWith(prefix) && key.length > prefix.length) return [key.slice(prefix.length)];
    return key === 'kubernetes.io/role' && value !== '' ? [String(value)] : [];
  });
  return joined([...new Set(roles)].sort());
}

function nodeAddress(type: string): Cell {
  return (node) =>
    textOf(
      listOf(fieldOf(node, 'status', 'addresses'))
        .map(objectOf)
        .find((address) => address.type === type)?.address,
    ) || '<none>';
}

function nodeInfo(name: string): Cell {
  return (node) => textOf(fieldOf(node, 'status', 'nodeInfo', name)) || '<unknown>';
}

export const NODE_COLUMNS: readonly Column[] = [
  NAME_COLUMN,
  column('Status', 'The status of the node', nodeStatus),
  column('Roles', 'The roles of the node', nodeRoles),
  AGE_COLUMN,
  column('Version', 'The version of its kubelet', (o) =>
    textOf(fieldOf(o, 'status', 'nodeInfo', 'kubeletVersion')),
  ),
  wide(column('Internal-IP', 'The address inside the cluster', nodeAddress('InternalIP'))),
  wide(column('External-IP', 'The address outside the cluster', nodeAddress('ExternalIP'))),
  wide(column('OS-Image', 'The operating system', nodeInfo('osImage'))),
  wide(column('Kernel-Version', 'The kernel', nodeInfo('kernelVersion'))),
  wide(column('Container-Runtime', 'The container runtime', nodeInfo('containerRuntimeVersion'))),
];

export const SECRET_COLUMNS: readonly Column[] = [
  NAME_COLUMN,
  column('Type', 'The type of the secret', (o) => textOf(o.type)),
  column('Data', 'How many entries it has', size('data')),
  AGE_COLUMN,
];

export const CONFIG_MAP_COLUMNS: readonly Column[] = [
  NAME_COLUMN,
  column('Data', 'How many entries it has', (o) => sizeOf(o.data) + sizeOf(o.binaryData)),
  AGE_COLUMN,
];

export const SERVICE_ACCOUNT_COLUMNS: readonly Column[] = [
  NAME_COLUMN,
  column('Secrets', 'How many secrets it lists', size('secrets')),
  AGE_COLUMN,
];

function servicePorts(service: JsonObject): string {
  return joined(
    listOf(fieldOf(service, 'spec', 'ports'))
      .map(objectOf)
      .map((port) => {
        const nodePort = port.nodePort === undefined ? '' : `:${String(port.nodePort)}`;
        return `${String(port.port)}${nodePort}/${textOf(port.protocol) || 'TCP'}`;
      }),
  );
}

export const SERVICE_COLUMNS: readonly Column[] = [
  NAME_COLUMN,
  column('Type', 'How the service is exposed', field('spec', 'type')),
  column('Cluster-IP', 'Its address inside the cluster', field('spec', 'clusterIP')),
  column('External-IP', 'Its addresses outside', (o) => joined(listOf(fieldOf(o, 'spec', 'externalIPs')))),
  column('Port(s)', 'Its ports', servicePorts),
  AGE_COLUMN,
  wide(column('Selector', 'Which pods it leads to', (o) => pairs(fieldOf(o, 'spec', 'selector')))),
];

function endpointsOf(endpoints: JsonObject): string {
  const all = listOf(endpoints.subsets)
    .map(objectOf)
    .flatMap((subset) =>
      listOf(subset.ports).flatMap((port) =>
        listOf(subset.addresses).map(
          (address) => `${textOf(objectOf(address).ip)}:${String(objectOf(port).port)}`,
        ),
      ),
    );
  return all.length > 3 ? `${all.slice(0, 3).join(',')} + ${all.length - 3} more...` : joined(all);
}

export const ENDPOINTS_COLUMNS: readonly Column[] = [
  NAME_COLUMN,
  column('Endpoints', 'Where the service leads', endpointsOf),
  AGE_COLUMN,
];

function eventTime(...fields: readonly string[]): Cell {
  return (event, now) => {
    const series = fieldOf(event, 'series', 'lastObservedTime');
    const candidates = fields[0] === 'lastTimestamp' ? [series] : [];
    const time = [...candidates, ...fields.map((name) => event[name])].find((value) => textOf(value) !== '');
    return ageOf(time ?? fieldOf(event, 'metadata', 'creationTimestamp'), now);
  };
}

function eventObject(event: JsonObject): string {
  const object = objectOf(event.involvedObject ?? event.regarding);
  const name = textOf(object.name);
  const kind = textOf(object.kind).toLowerCase();
  return name === '' ? kind : `${kind}/${name}`;
}

function eventCount(event: JsonObject): number {
  const counts = [fieldOf(event, 'series', 'count'), event.count, event.deprecatedCount];
  const found = counts.find((value) => typeof value === 'number' && value > 0);
  return typeof found === 'number' ? found : 1;
}

export const EVENT_COLUMNS: readonly Column[] = [
  column(
    'Last Seen',
    'When it was last seen',
    eventTime('lastTimestamp', 'deprecatedLastTimestamp', 'eventTime'),
  ),
  column('Type', 'Normal or Warning', (o) => textOf(o.type)),
  column('Reason', 'Why, in one word', (o) => textOf(o.reason)),
  column('Object', 'What it is about', eventObject),
  wide(
    column('Subobject', 'Which part of it', (o) =>
      textOf(fieldOf(o, 'involvedObject', 'fieldPath') ?? fieldOf(o, 'regarding', 'fieldPath')),
    ),
  ),
  wide(
    column('Source', 'Who reported it', (o) => {
      const component = textOf(fieldOf(o, 'source', 'component')) || textOf(o.reportingComponent);
      const host = textOf(fieldOf(o, 'source', 'host')) || textOf(o.reportingInstance);
      return host === '' ? component : `${component}, ${host}`;
    }),
  ),
  column('Message', 'What happened', (o) => (textOf(o.message) || textOf(o.note)).trim()),
  wide(
    column(
      'First Seen',
      'When it was first seen',
      eventTime('firstTimestamp', 'deprecatedFirstTimestamp', 'eventTime'),
    ),
  ),
  wide(column('Count', 'How often it happened', eventCount)),
  wide(NAME_COLUMN),
];

function podReady(pod: JsonObject): string {
  const statuses = listOf(fieldOf(pod, 'status', 'containerStatuses')).map(objectOf);
  return `${statuses.filter((s) => s.ready === true).length}/${sizeOf(fieldOf(pod, 'spec', 'containers'))}`;
}

function podRestarts(pod: JsonObject): string {
  const statuses = listOf(fieldOf(pod, 'status', 'containerStatuses')).map(objectOf);
  return String(
    statuses.reduce((sum, s) => sum + (typeof s.restartCount === 'number' ? s.restartCount : 0), 0),
  );
}

export const POD_COLUMNS: readonly Column[] = [
  NAME_COLUMN,
  column('Ready', 'How many of its containers are ready', podReady),
  column('Status', 'The state of its containers', (o) =>
    fieldOf(o, 'metadata', 'deletionTimestamp') === undefined
      ? textOf(fieldOf(o, 'status', 'phase'))
      : 'Terminating',
  ),
  column('Restarts', 'How often its containers were restarted', podRestarts),
  AGE_COLUMN,
  wide(column('IP', 'Its address', field('status', 'podIP'))),
  wide(column('Node', 'Where it runs', field('spec', 'nodeName'))),
  wide(column('Nominated Node', 'Where it may run', field('status', 'nominatedNodeName'))),
];
