// Does a webhook want to be asked about a request? Rules, selectors, then matchConditions, as kube-apiserver does it.
import type { AdmissionAttributes } from '../cluster.ts';
import { NAMESPACES } from '../collection-key.ts';
import type { ApiObject } from '../object.ts';
import { forbidden, notFound } from '../status.ts';
import type { Storage } from '../storage.ts';
import type { Hook, HookRule } from './hooks.ts';
import { admissionRequest } from './review.ts';

/** Throws Forbidden when its conditions fail and it fails closed. */
export function wants(
  hook: Hook,
  attributes: AdmissionAttributes,
  object: ApiObject | undefined,
  storage: Storage,
): boolean {
  if (!hook.rules.some((rule) => covers(rule, attributes))) return false;
  if (!selectsNamespace(hook, attributes, object, storage)) return false;
  const { oldObject } = attributes;
  const selected = [object, oldObject].some((either) => either !== undefined && hook.selectsObject(either));
  return selected && conditionsHold(hook, attributes, object);
}

function covers(rule: HookRule, { request, operation }: AdmissionAttributes): boolean {
  const { spec } = request.kind;
  return (
    includes(rule.operations, operation) &&
    includes(rule.apiGroups, spec.group) &&
    includes(rule.apiVersions, spec.version) &&
    (rule.scope === '*' || (rule.scope === 'Namespaced') === spec.namespaced) &&
    rule.resources.some((pattern) => coversResource(pattern, spec.plural, request.subresource))
  );
}

function includes(list: readonly string[], value: string): boolean {
  return list.includes('*') || list.includes(value);
}

/** `namespaces` does not cover `namespaces/status`. */
function coversResource(pattern: string, resource: string, subresource: string): boolean {
  const [main, sub = ''] = pattern.split('/');
  return (main === '*' || main === resource) && (sub === '*' || sub === subresource);
}

/** Cluster-scoped kinds have no namespace to select, but a namespace is selected by its own labels. */
function selectsNamespace(
  hook: Hook,
  { request, oldObject, operation }: AdmissionAttributes,
  object: ApiObject | undefined,
  storage: Storage,
): boolean {
  const { kind, namespace } = request;
  if (kind.spec.group === '' && kind.spec.plural === NAMESPACES) {
    const labelled = operation === 'DELETE' ? oldObject : object;
    return labelled === undefined || hook.selectsNamespace(labelled);
  }
  if (!kind.spec.namespaced) return true;
  const stored = storage.collection(NAMESPACES).get('', namespace);
  if (stored === undefined) throw notFound({ group: '', resource: NAMESPACES }, namespace);
  return hook.selectsNamespace(stored.object);
}

function conditionsHold(hook: Hook, attributes: AdmissionAttributes, object: ApiObject | undefined): boolean {
  const { oldObject = null, request, name } = attributes;
  const asked = admissionRequest(attributes, '', object);
  const result = hook.conditions.matches({ object: object ?? null, oldObject, request: asked });
  if (result.ok) return result.matches;
  if (hook.failurePolicy === 'Ignore') return false;
  throw forbidden(request.kind.resource, name, result.message);
}
