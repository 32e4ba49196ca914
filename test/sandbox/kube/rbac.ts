// Who may do what: RBAC as the API server evaluates it, so that a verb missing in our manifests fails here as
// it would in a cluster. Pure: compiled from the stored objects, again whenever one of them changes.

import { fieldOf, type JsonObject, listOf, objectOf, textOf } from './json.ts';

export { BOOTSTRAP_RBAC } from './rbac-bootstrap.ts';

/** The RBAC objects there are. */
export interface RbacObjects {
  readonly clusterRoles: readonly JsonObject[];
  readonly roles: readonly JsonObject[];
  readonly clusterRoleBindings: readonly JsonObject[];
  readonly roleBindings: readonly JsonObject[];
}

/** Who asks. */
export interface RbacUser {
  readonly name: string;
  readonly groups: readonly string[];
}

/** What is asked for: a resource, or a path outside resources. */
export interface Attributes {
  /**
   * `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`; of a path: `get`,
   * `post` …
   */
  readonly verb: string;
  readonly group?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly name?: string;
  /** Absent or empty: cluster-wide. */
  readonly namespace?: string;
  /** Of a request that names no resource: `/healthz`, `/openapi/v3`. */
  readonly path?: string;
}

/** One PolicyRule. */
export interface Rule {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames: readonly string[];
  readonly nonResourceURLs: readonly string[];
}

/** The RBAC objects, sorted by whom they grant something. */
export interface CompiledRbac {
  allows(user: RbacUser, attributes: Attributes): boolean;
  /** Every rule that holds for the user in a namespace, for SelfSubjectRulesReview. */
  rulesFor(user: RbacUser, namespace: string): readonly Rule[];
}

interface Grant {
  /** undefined: in every namespace, and for what has none. */
  readonly namespace: string | undefined;
  readonly rules: readonly Rule[];
}

const MASTERS = 'system:masters';
const EVERYTHING: Rule = {
  verbs: ['*'],
  apiGroups: ['*'],
  resources: ['*'],
  resourceNames: [],
  nonResourceURLs: ['*'],
};

/** Evaluates one question; compile the objects when there are many. */
export function authorize(objects: RbacObjects, user: RbacUser, attributes: Attributes): boolean {
  return compileRbac(objects).allows(user, attributes);
}

/** Sorts the objects by subject, so that a question looks at the asker's grants only. */
export function compileRbac(objects: RbacObjects): CompiledRbac {
  const clusterRoles = new Map(objects.clusterRoles.map((role) => [nameOf(role), role] as const));
  const roles = new Map(objects.roles.map((role) => [`${namespaceOf(role)}/${nameOf(role)}`, role] as const));
  const grants = new Map<string, Grant[]>();
  const bind = (binding: JsonObject, namespace: string | undefined): void => {
    const ref = objectOf(binding.roleRef);
    const role =
      ref.kind === 'ClusterRole'
        ? clusterRoles.get(textOf(ref.name))
        : roles.get(`${namespace ?? ''}/${textOf(ref.name)}`);
    if (role === undefined) return;
    const grant: Grant = { namespace, rules: rulesOf(role, objects.clusterRoles) };
    for (const subject of listOf(binding.subjects).map(objectOf)) {
      const key = subjectKey(subject, namespace);
      const known = grants.get(key);
      if (known === undefined) grants.set(key, [grant]);
      else known.push(grant);
    }
  };
  for (const binding of objects.clusterRoleBindings) bind(binding, undefined);
  for (const binding of objects.roleBindings) bind(binding, namespaceOf(binding));
  const found = new WeakMap<RbacUser, readonly Grant[]>();
  const grantsOf = (user: RbacUser): readonly Grant[] => {
    let own = found.get(user);
    if (own === undefined) {
      const keys = [`User/${user.name}`, ...user.groups.map((group) => `Group/${group}`)];
      own = keys.flatMap((key) => grants.get(key) ?? []);
      found.set(user, own);
    }
    return own;
  };
  return {
    allows: (user, attributes) =>
      user.groups.includes(MASTERS) ||
      grantsOf(user).some(
        (grant) => covers(grant, attributes) && grant.rules.some((r) => permits(r, attributes)),
      ),
    rulesFor: (user, namespace) => {
      if (user.groups.includes(MASTERS)) return [EVERYTHING];
      return grantsOf(user)
        .filter((grant) => grant.namespace === undefined || grant.namespace === namespace)
        .flatMap((grant) => grant.rules);
    },
  };
}

function nameOf(object: JsonObject): string {
  return textOf(fieldOf(object, 'metadata', 'name'));
}

function namespaceOf(object: JsonObject): string {
  return textOf(fieldOf(object, 'metadata', 'namespace'));
}

function subjectKey(subject: JsonObject, namespace: string | undefined): string {
  const name = textOf(subject.name);
  if (subject.kind !== 'ServiceAccount') return `${textOf(subject.kind)}/${name}`;
  return `User/system:serviceaccount:${textOf(subject.namespace) || (namespace ?? '')}:${name}`;
}

/** The role's own rules, and those of the roles that it aggregates. */
function rulesOf(role: JsonObject, clusterRoles: readonly JsonObject[]): Rule[] {
  const selectors = listOf(fieldOf(role, 'aggregationRule', 'clusterRoleSelectors'));
  const aggregated = clusterRoles.filter(
    (other) => other !== role && selectors.some((selector) => hasLabels(other, selector)),
  );
  return [role, ...aggregated].flatMap((source) =>
    listOf(source.rules).map((rule) => toRule(objectOf(rule))),
  );
}

function hasLabels(role: JsonObject, selector: unknown): boolean {
  const wanted = Object.entries(objectOf(fieldOf(selector, 'matchLabels')));
  const labels = objectOf(fieldOf(role, 'metadata', 'labels'));
  return wanted.length > 0 && wanted.every(([key, value]) => labels[key] === value);
}

function toRule(rule: JsonObject): Rule {
  return {
    verbs: listOf(rule.verbs).map(textOf),
    apiGroups: listOf(rule.apiGroups).map(textOf),
    resources: listOf(rule.resources).map(textOf),
    resourceNames: listOf(rule.resourceNames).map(textOf),
    nonResourceURLs: listOf(rule.nonResourceURLs).map(textOf),
  };
}

function covers(grant: Grant, attributes: Attributes): boolean {
  if (grant.namespace === undefined) return true;
  return attributes.path === undefined && grant.namespace === attributes.namespace;
}

function permits(rule: Rule, attributes: Attributes): boolean {
  if (!has(rule.verbs, attributes.verb)) return false;
  const { path } = attributes;
  if (path !== undefined) return rule.nonResourceURLs.some((pattern) => urlMatches(pattern, path));
  return (
    has(rule.apiGroups, attributes.group ?? '') &&
    resourceMatches(rule.resources, attributes) &&
    // A rule with names says nothing of requests without one, such as list and create.
    (rule.resourceNames.length === 0 || rule.resourceNames.includes(attributes.name ?? ''))
  );
}

function has(allowed: readonly string[], wanted: string): boolean {
  return allowed.includes(wanted) || allowed.includes('*');
}

function resourceMatches(allowed: readonly string[], attributes: Attributes): boolean {
  const { resource = '', subresource = '' } = attributes;
  if (allowed.includes('*')) return true;
  if (subresource === '') return allowed.includes(resource);
  return allowed.includes(`${resource}/${subresource}`) || allowed.includes(`*/${subresource}`);
}

function urlMatches(pattern: string, path: string): boolean {
  if (pattern === '*' || pattern === path) return true;
  return pattern.endsWith('*') && path.startsWith(pattern.slice(0, -1));
}
