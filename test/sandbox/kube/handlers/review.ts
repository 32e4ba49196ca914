// Kinds of which nothing is stored: one posts a question and gets it back with the answer in its status.
import { decodeObject } from '../decode.ts';
import type { Services } from '../dispatch.ts';
import { fieldOf, isObject, type JsonObject, listOf, objectOf, textOf } from '../json.ts';
import type { ApiObject } from '../object.ts';
import type { Attributes, Rule } from '../rbac.ts';
import type { ServedKind } from '../registry.ts';
import type { Answer, ResourceRequest } from '../request.ts';
import { badRequest, invalid } from '../status.ts';
import type { User } from '../users.ts';

type Reviewer = (services: Services, request: ResourceRequest, spec: JsonObject) => JsonObject;

const REVIEWERS: Readonly<Record<string, Reviewer>> = {
  SelfSubjectAccessReview: (services, { user }, spec) => access(services, user, spec),
  SubjectAccessReview: (services, _, spec) => {
    const groups = listOf(spec.groups).map(textOf);
    return access(services, { name: textOf(spec.user), uid: textOf(spec.uid), groups }, spec);
  },
  SelfSubjectRulesReview: (services, { user }, spec) => ownRules(services, user, textOf(spec.namespace)),
  SelfSubjectReview: (_, { user }) => ({ userInfo: userInfo(user) }),
  TokenReview: (services, _, spec) => {
    if (textOf(spec.token) === '') throw badRequest('token is required for TokenReview in authentication');
    const user = services.users.byToken(textOf(spec.token));
    if (user !== undefined) return { authenticated: true, user: userInfo(user) };
    return { user: {}, error: '[invalid bearer token, unknown]' };
  },
};

export function isReview({ spec, custom }: ServedKind): boolean {
  return !custom && Object.hasOwn(REVIEWERS, spec.kind);
}

export function review(services: Services, request: ResourceRequest): Answer {
  const { kind } = request;
  const object = decodeObject(request);
  const status = REVIEWERS[kind.spec.kind]?.(services, request, objectOf(object.spec)) ?? {};
  const { kind: type, apiVersion, metadata, ...rest } = object;
  const answered = {
    kind: type,
    apiVersion,
    metadata: { creationTimestamp: null, ...metadata },
    ...rest,
    status,
  };
  return { form: 'object', code: 201, object: answered as unknown as ApiObject };
}

/** As `userInfo` of reviews spells it. */
export function userInfo({ name, uid, groups }: User): JsonObject {
  return { username: name, uid, groups };
}

function access(services: Services, user: User, spec: JsonObject): JsonObject {
  const attributes = attributesFrom(spec);
  if (attributes === undefined) throw noAttributes();
  return services.authorizer.allows(user, attributes) ? { allowed: true } : { allowed: false };
}

function attributesFrom(spec: JsonObject): Attributes | undefined {
  if (isObject(spec.nonResourceAttributes)) {
    const { path, verb } = spec.nonResourceAttributes;
    return { verb: textOf(verb), path: textOf(path) };
  }
  if (!isObject(spec.resourceAttributes)) return undefined;
  const text = (field: string) => textOf(fieldOf(spec, 'resourceAttributes', field));
  return {
    verb: text('verb'),
    group: text('group'),
    resource: text('resource'),
    subresource: text('subresource'),
    namespace: text('namespace'),
    name: text('name'),
  };
}

function noAttributes() {
  const message =
    'Invalid value: "null": exactly one of nonResourceAttributes or resourceAttributes must be specified';
  return invalid({ group: 'authorization.k8s.io', kind: 'SubjectAccessReview' }, '', [
    { reason: 'FieldValueInvalid', message, field: 'spec.resourceAttributes' },
  ]);
}

function ownRules(services: Services, user: User, namespace: string): JsonObject {
  const rules = services.authorizer.rules.rulesFor(user, namespace);
  return {
    incomplete: false,
    resourceRules: rules.filter((rule) => rule.resources.length > 0).map(resourceRule),
    nonResourceRules: rules
      .filter((rule) => rule.nonResourceURLs.length > 0)
      .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
  };
}

function resourceRule({ verbs, apiGroups, resources, resourceNames }: Rule): JsonObject {
  return { verbs, apiGroups, resources, ...(resourceNames.length === 0 ? {} : { resourceNames }) };
}
