// Kinds that mean nothing here and that kubectl asks for all the same: `describe namespace` wants quotas and limits,
// `apply --prune` every kind of its own list, `get all` the workloads. They are stored and given back as they are.
import { type JSONSchema, OPEN_OBJECT } from './json-schema.ts';
import { topLevel } from './meta-schema.ts';

export interface PlainKind {
  readonly groupVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly scope: 'namespaced' | 'cluster';
  readonly categories: readonly string[];
}

/** What `kubectl get all` lists. */
const ALL = ['all'];

function plain(
  groupVersion: string,
  kind: string,
  plural: string,
  shortNames: readonly string[],
  categories: readonly string[] = [],
): PlainKind {
  return { groupVersion, kind, plural, shortNames, scope: 'namespaced', categories };
}

export const PLAIN_KINDS: readonly PlainKind[] = [
  plain('v1', 'LimitRange', 'limitranges', ['limits']),
  plain('v1', 'PersistentVolumeClaim', 'persistentvolumeclaims', ['pvc']),
  { ...plain('v1', 'PersistentVolume', 'persistentvolumes', ['pv']), scope: 'cluster' },
  plain('v1', 'ReplicationController', 'replicationcontrollers', ['rc'], ALL),
  plain('v1', 'ResourceQuota', 'resourcequotas', ['quota']),
  plain('apps/v1', 'DaemonSet', 'daemonsets', ['ds'], ALL),
  plain('apps/v1', 'StatefulSet', 'statefulsets', ['sts'], ALL),
  plain('batch/v1', 'CronJob', 'cronjobs', ['cj'], ALL),
  plain('batch/v1', 'Job', 'jobs', [], ALL),
  plain('networking.k8s.io/v1', 'Ingress', 'ingresses', ['ing']),
];

const ANYTHING = topLevel('Stored as it is; nothing in the sandbox acts on it.', {
  spec: OPEN_OBJECT,
  status: OPEN_OBJECT,
});

/** By `groupVersion/Kind`. */
export const PLAIN_SCHEMAS: Readonly<Record<string, JSONSchema>> = Object.fromEntries(
  PLAIN_KINDS.map(({ groupVersion, kind }) => [`${groupVersion}/${kind}`, ANYTHING]),
);
