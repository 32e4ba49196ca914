// What an older API server does not know yet. Only what our manifests turn on: webhooks' matchConditions are served by
// default from 1.28 on; 1.27 drops them and what is older refuses them. Here both refuse them.
// https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#matching-requests-matchconditions
import { BUILTINS, type KindSpec } from './builtins.ts';
import { fieldOf, isObject, type JsonObject } from './json.ts';

const MATCH_CONDITIONS_SINCE = 28;

/** The built-in kinds of Kubernetes 1.`minor`. */
export function builtinsOf(minor: number): readonly KindSpec[] {
  if (minor >= MATCH_CONDITIONS_SINCE) return BUILTINS;
  return BUILTINS.map((spec) =>
    spec.group === 'admissionregistration.k8s.io' ? withoutMatchConditions(spec) : spec,
  );
}

function withoutMatchConditions(spec: KindSpec): KindSpec {
  const schema = structuredClone(spec.schema);
  const fields = fieldOf(schema, 'properties', 'webhooks', 'items', 'properties');
  if (schema === undefined || !isObject(fields)) return spec;
  delete (fields as JsonObject).matchConditions;
  return { ...spec, schema };
}
