// The columns that kubectl's users know of the built-in kinds outside the core group, and those of kinds that
// have none of their own. See core-columns.ts.

import { type Cell, column, count, field, joined, number, pairs, size, wide } from './column-cells.ts';
import { AGE_COLUMN, type Column, CREATED_AT_COLUMN, NAME_COLUMN } from './columns.ts';
import { fieldOf, listOf, objectOf, textOf } from './json.ts';

/** Name and creation time: what a kind shows that has no columns of its own. */
export const DEFAULT_COLUMNS: readonly Column[] = [NAME_COLUMN, CREATED_AT_COLUMN];

/** Name and age. */
export const NAME_AND_AGE: readonly Column[] = [NAME_COLUMN, AGE_COLUMN];

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
