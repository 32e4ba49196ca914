// What the API server does with particular kinds beyond their schema: kube-apiserver calls it their strategy. One row
// per kind that needs something; custom resources and all the others follow the general rules.
import { createHash } from 'node:crypto';
import { collectionKey } from '../collection-key.ts';
import { equal, fieldOf, isObject, listOf, objectOf, textOf } from '../json.ts';
import { invalidValue, type NameRule } from '../metadata.ts';
import type { ApiObject } from '../object.ts';
import type { ServedKind } from '../registry.ts';
import type { FieldError } from '../status.ts';
import { DEFINITION } from './definitions.ts';
import { WEBHOOK_CONFIGURATION } from './webhooks.ts';

export interface Rules {
  readonly names: NameRule;
  /** `conditional`: a PUT must carry the resourceVersion that it replaces. */
  readonly update: 'conditional' | 'unconditional';
  /** `created`: a PUT of what is not there makes it. */
  readonly absent?: 'created';
  /** `object`: who deletes it is answered with what it was, not with a Status. */
  readonly deleted?: 'object';
  /** After reading, before admission; also on every update. */
  readonly defaults?: (object: ApiObject) => void;
  /** After mutating admission, when the name is known. */
  readonly onCreate?: (object: ApiObject) => void;
  /** After mutating admission: what this request may not change is put back. */
  readonly onUpdate?: (after: ApiObject, before: ApiObject, subresource: string) => void;
  readonly faults?: (object: ApiObject, before: ApiObject | undefined) => FieldError[];
  /** Finalizers that are not in metadata. */
  readonly held?: (object: ApiObject) => boolean;
}

const GENERAL: Rules = { names: 'subdomain', update: 'unconditional' };
const CUSTOM: Rules = { names: 'subdomain', update: 'conditional' };
const PATH_NAMED: Rules = { names: 'path', update: 'unconditional', absent: 'created' };
const KEPT: Rules = { names: 'subdomain', update: 'unconditional', deleted: 'object' };

const LEASE: Rules = {
  names: 'subdomain',
  update: 'conditional',
  absent: 'created',
  faults(lease) {
    const duration = fieldOf(lease, 'spec', 'leaseDurationSeconds');
    if (typeof duration !== 'number' || duration > 0) return [];
    const message = `Invalid value: ${duration}: must be greater than 0`;
    return [{ reason: 'FieldValueInvalid', message, field: 'spec.leaseDurationSeconds' }];
  },
};

/** Labelled with its name; its finalizer keeps it until its content is gone. */
const NAMESPACE: Rules = {
  names: 'label',
  update: 'unconditional',
  defaults(namespace) {
    labelWithName(namespace);
    namespace.spec ??= {};
    namespace.status = { phase: 'Active', ...objectOf(namespace.status) };
  },
  onCreate(namespace) {
    labelWithName(namespace);
    namespace.spec = { ...objectOf(namespace.spec), finalizers: ['kubernetes'] };
    namespace.status = { phase: 'Active' };
  },
  onUpdate(after, before, subresource) {
    const { finalizers, ...spec } = objectOf(after.spec);
    if (subresource !== 'finalize') after.spec = before.spec;
    else after.spec = listOf(finalizers).length === 0 ? spec : { finalizers, ...spec };
    if (subresource !== 'status') after.status = before.status;
  },
  held: (namespace) => listOf(fieldOf(namespace, 'spec', 'finalizers')).length > 0,
};

const SECRET: Rules = {
  names: 'subdomain',
  update: 'unconditional',
  defaults(secret) {
    secret.type = textOf(secret.type) || 'Opaque';
    const { stringData, ...rest } = secret;
    if (!isObject(stringData)) return;
    delete secret.stringData;
    const encoded = Object.entries(stringData).map(([key, text]) => [
      key,
      Buffer.from(textOf(text)).toString('base64'),
    ]);
    secret.data = { ...objectOf(rest.data), ...Object.fromEntries(encoded) };
  },
  faults(secret, before) {
    const faults = dataFaults(secret, before);
    if (before === undefined || before.type === secret.type) return faults;
    return [invalidValue('type', textOf(secret.type), 'field is immutable'), ...faults];
  },
};

const CONFIG_MAP: Rules = { names: 'subdomain', update: 'unconditional', faults: dataFaults };

/** Waits for a kubelet, of which there is none. */
const POD: Rules = {
  ...KEPT,
  onCreate(pod) {
    pod.status = { phase: 'Pending', qosClass: 'BestEffort' };
  },
};

const SERVICE: Rules = {
  ...KEPT,
  names: 'label1035',
  absent: 'created',
  onCreate(service) {
    const spec = objectOf(service.spec);
    if (spec.type === 'ExternalName' || textOf(spec.clusterIP) !== '') return;
    const clusterIP = clusterIPFor(service);
    service.spec = { ...spec, clusterIP, clusterIPs: [clusterIP] };
  },
  onUpdate(after, before, subresource) {
    resetStatus(after, before, subresource);
    const spec = objectOf(before.spec);
    const { clusterIP, clusterIPs } = spec;
    if (clusterIP !== undefined) after.spec = { clusterIP, clusterIPs, ...objectOf(after.spec) };
  },
};

/** About what is in no namespace, in `default`; about everything else, beside it. */
const EVENT: Rules = {
  names: 'subdomain',
  update: 'unconditional',
  absent: 'created',
  faults(event) {
    const about = textOf(fieldOf(event, 'involvedObject', 'namespace'));
    if (event.metadata.namespace === (about || 'default')) return [];
    return [invalidValue('involvedObject.namespace', about, 'does not match event.namespace')];
  },
};

const ROLE_BINDING: Rules = {
  ...PATH_NAMED,
  faults(binding, before) {
    const [wanted, stored] = [objectOf(binding.roleRef), objectOf(before?.roleRef)];
    const same = wanted.kind === stored.kind && wanted.name === stored.name;
    if (before === undefined || same) return [];
    const shown = `${textOf(wanted.kind)}/${textOf(wanted.name)}`;
    return [invalidValue('roleRef', shown, 'cannot change roleRef')];
  },
};

const RBAC = 'rbac.authorization.k8s.io';
const ADMISSION = 'admissionregistration.k8s.io';

const RULES: Readonly<Record<string, Rules>> = {
  namespaces: NAMESPACE,
  configmaps: CONFIG_MAP,
  events: EVENT,
  persistentvolumeclaims: KEPT,
  persistentvolumes: KEPT,
  pods: POD,
  resourcequotas: KEPT,
  serviceaccounts: KEPT,
  secrets: SECRET,
  services: SERVICE,
  [collectionKey(RBAC, 'roles')]: PATH_NAMED,
  [collectionKey(RBAC, 'clusterroles')]: PATH_NAMED,
  [collectionKey(RBAC, 'rolebindings')]: ROLE_BINDING,
  [collectionKey(RBAC, 'clusterrolebindings')]: ROLE_BINDING,
  [collectionKey(ADMISSION, 'mutatingwebhookconfigurations')]: WEBHOOK_CONFIGURATION,
  [collectionKey(ADMISSION, 'validatingwebhookconfigurations')]: WEBHOOK_CONFIGURATION,
  [collectionKey('coordination.k8s.io', 'leases')]: LEASE,
  [collectionKey('apiextensions.k8s.io', 'customresourcedefinitions')]: DEFINITION,
};

export function rulesOf(kind: ServedKind): Rules {
  if (kind.custom) return CUSTOM;
  return RULES[collectionKey(kind.spec.group, kind.spec.plural)] ?? GENERAL;
}

/** Each request changes its own part: the main endpoint not the status, `/status` nothing but the status. */
export function resetStatus(after: ApiObject, before: ApiObject, subresource: string): void {
  if (subresource === 'status') {
    for (const field of Object.keys({ ...before, ...after })) {
      if (field !== 'status' && field !== 'metadata') restore(after, before, field);
    }
  } else {
    restore(after, before, 'status');
  }
}

function restore(after: ApiObject, before: ApiObject, field: string): void {
  if (before[field] === undefined) delete after[field];
  else after[field] = before[field];
}

const CONFIG_KEY = '[-._a-zA-Z0-9]+';
const CONFIG_KEY_FAULT =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or " +
  `'key-name', regex used for validation is '${CONFIG_KEY}')`;
const IS_CONFIG_KEY = new RegExp(`^${CONFIG_KEY}$`);
const DATA = ['data', 'binaryData'];

/** Keys have to be good for file names, and whoever made data immutable cannot have them back. */
function dataFaults(object: ApiObject, before: ApiObject | undefined): FieldError[] {
  const keys = DATA.flatMap((field) =>
    Object.keys(objectOf(object[field])).map((key) => [field, key] as const),
  );
  const faults = keys
    .filter(([, key]) => !IS_CONFIG_KEY.test(key))
    .map(([field, key]) => invalidValue(`${field}[${key}]`, key, CONFIG_KEY_FAULT));
  if (before?.immutable !== true) return faults;
  const message = 'Forbidden: field is immutable when `immutable` is set';
  const changed = DATA.filter((field) => !equal(objectOf(object[field]), objectOf(before[field])));
  const freed = object.immutable === true ? [] : ['immutable'];
  return [
    ...faults,
    ...[...freed, ...changed].map((field) => ({ reason: 'FieldValueForbidden', message, field })),
  ];
}

function labelWithName({ metadata }: ApiObject): void {
  const { name } = metadata;
  if (name === undefined) return;
  metadata.labels = { ...metadata.labels, 'kubernetes.io/metadata.name': name };
}

// Nothing listens there; a stable address from the usual service network is enough for what is printed.
function clusterIPFor({ metadata }: ApiObject): string {
  const digest = createHash('sha256').update(`${metadata.namespace}/${metadata.name}`).digest();
  return `10.96.${digest.readUInt8(0)}.${1 + (digest.readUInt8(1) % 254)}`;
}
