// The columns that kubectl's users know of the built-in kinds (`kubectl get`, with `-o wide` those of priority 1).
// Apart from builtins.ts because it is presentation; descriptions are short where nobody compares them.

import { ageOf } from './age.ts';
import { AGE_COLUMN, type Column, CREATED_AT_COLUMN, NAME_COLUMN } from './columns.ts';
import { fieldOf, isObject, type JsonObject, listOf, objectOf, textOf } from './json.ts';

type Cell = Column['cell'];

function column(name: string, description: string, cell: Cell): Column {
  return { name, type: 'string', format: '', description, priority: 0, cell };
}

function count(name: string, description: string, cell: Cell): Column {
  return { ...column(name, description, cell), type: 'integer' };
}

function wide(shown: Column): Column {
  return { ...shown, priority: 1 };
}

function field(...path: readonly string[]): Cell {
  return (object) => {
    const value = fieldOf(object, ...path);
    return value === undefined || value === null || value === '' ? '<none>' : String(value);
  };
}

function number(...path: readonly string[]): Cell {
  return (object) => {
    const value = fieldOf(object, ...path);
    return typeof value === 'number' ? value : 0;
  };
}

function size(...path: readonly string[]): Cell {
  return (object) => sizeOf(fieldOf(object, ...path));
}

function sizeOf(value: unknown): number {
  return Array.isArray(value) ? value.length : isObject(value) ? Object.keys(value).length : 0;
}

function joined(items: readonly unknown[]): string {
  return items.length === 0 ? '<none>' : items.join(',');
}

function pairs(labels: unknown): string {
  return joined(Object.entries(objectOf(labels)).map(([key, value]) => `${key}=${String(value)}`));
}

/** Name and creation time: what a kind shows that has no columns of its own. */
export const DEFAULT_COLUMNS: readonly Column[] = [NAME_COLUMN, CREATED_AT_COLUMN];

/** Name and age. */
export const NAME_AND_AGE: readonly Column[] = [NAME_COLUMN, AGE_COLUMN];

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

function containers(name: 'name' | 'image'): Cell {
  return (o) =>
    listOf(fieldOf(o, 'spec', 'template', 'spec', 'containers'))
      .map((container) => textOf(objectOf(container)[name]))
      .join(',');
}

const TEMPLATE_COLUMNS: readonly Column[] = [
  wide(column('Containers', 'The names of the containers', containers('name'))),
  wide(column('Images', 'The images of the containers', containers('image'))),
  wide(column('Selector', 'Which pods it owns', (o) => pairs(fieldOf(o, 'spec', 'selector', 'matchLabels')))),
];

export const DEPLOYMENT_COLUMNS: readonly Column[] = [
  NAME_COLUMN,
  column('Ready', 'Ready of wanted pods', (o) => {
    const wanted = fieldOf(o, 'spec', 'replicas') ?? 1;
    return `${String(fieldOf(o, 'status', 'readyReplicas') ?? 0)}/${String(wanted)}`;
  }),
  count('Up-to-date', 'Pods made from the current template', number('status', 'updatedReplicas')),
  count('Available', 'Available pods', number('status', 'availableReplicas')),
  AGE_COLUMN,
  ...TEMPLATE_COLUMNS,
];

export const REPLICA_SET_COLUMNS: readonly Column[] = [
  NAME_COLUMN,
  count('Desired', 'Wanted pods', number('spec', 'replicas')),
  count('Current', 'Existing pods', number('status', 'replicas')),
  count('Ready', 'Ready pods', number('status', 'readyReplicas')),
  AGE_COLUMN,
  ...TEMPLATE_COLUMNS,
];

function subjects(kind: string): Cell {
  return (binding) =>
    listOf(binding.subjects)
      .map(objectOf)
      .filter((subject) => subject.kind === kind)
      .map((s) => (kind === 'ServiceAccount' ? `${textOf(s.namespace)}/${textOf(s.name)}` : textOf(s.name)))
      .join(', ');
}

export const BINDING_COLUMNS: readonly Column[] = [
  NAME_COLUMN,
  column('Role', 'The role that is granted', (o) => {
    const ref = objectOf(o.roleRef);
    return `${textOf(ref.kind)}/${textOf(ref.name)}`;
  }),
  AGE_COLUMN,
  wide(column('Users', 'To which users', subjects('User'))),
  wide(column('Groups', 'To which groups', subjects('Group'))),
  wide(column('ServiceAccounts', 'To which service accounts', subjects('ServiceAccount'))),
];

export const LEASE_COLUMNS: readonly Column[] = [
  NAME_COLUMN,
  column('Holder', 'Who holds it', (o) => textOf(fieldOf(o, 'spec', 'holderIdentity'))),
  AGE_COLUMN,
];

export const WEBHOOKS_COLUMNS: readonly Column[] = [
  NAME_COLUMN,
  count('Webhooks', 'How many webhooks it names', size('webhooks')),
  AGE_COLUMN,
];

export const ENDPOINT_SLICE_COLUMNS: readonly Column[] = [
  NAME_COLUMN,
  column('AddressType', 'The type of its addresses', (o) => textOf(o.addressType)),
  column('Ports', 'Its ports', (o) => joined(listOf(o.ports).map((port) => objectOf(port).port ?? '*'))),
  column('Endpoints', 'Its addresses', (o) =>
    joined(listOf(o.endpoints).flatMap((endpoint) => listOf(objectOf(endpoint).addresses))),
  ),
  AGE_COLUMN,
];

function orNotApplicable(...path: readonly string[]): Cell {
  return (o) => String(fieldOf(o, ...path) ?? 'N/A');
}

export const PDB_COLUMNS: readonly Column[] = [
  NAME_COLUMN,
  column('Min Available', 'How many pods must stay', orNotApplicable('spec', 'minAvailable')),
  column('Max Unavailable', 'How many pods may be missing', orNotApplicable('spec', 'maxUnavailable')),
  count('Allowed Disruptions', 'How many may be evicted now', number('status', 'disruptionsAllowed')),
  AGE_COLUMN,
];

export const NETWORK_POLICY_COLUMNS: readonly Column[] = [
  NAME_COLUMN,
  column('Pod-Selector', 'Which pods it isolates', (o) =>
    pairs(fieldOf(o, 'spec', 'podSelector', 'matchLabels')),
  ),
  AGE_COLUMN,
];

export const FLOW_SCHEMA_COLUMNS: readonly Column[] = [
  NAME_COLUMN,
  column('PriorityLevel', 'The priority level it leads to', (o) =>
    textOf(fieldOf(o, 'spec', 'priorityLevelConfiguration', 'name')),
  ),
  count('MatchingPrecedence', 'Lower comes first', number('spec', 'matchingPrecedence')),
  column('DistinguisherMethod', 'What makes a flow', field('spec', 'distinguisherMethod', 'type')),
  AGE_COLUMN,
];

export const PRIORITY_LEVEL_COLUMNS: readonly Column[] = [
  NAME_COLUMN,
  column('Type', 'Whether it is limited', (o) => textOf(fieldOf(o, 'spec', 'type'))),
  column('NominalConcurrencyShares', 'Its share', field('spec', 'limited', 'nominalConcurrencyShares')),
  AGE_COLUMN,
];
