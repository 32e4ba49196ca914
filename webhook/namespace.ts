// What becomes of a request to create or change a namespace? One row of the table per branch:
//
//   not opted in before or after, system namespace, being deleted   allowed, nothing done
//   opts in, or points to another EgressIPAM                        opt-in.ts
//   opted in, and its IPs change                                    relist.ts
//   opted in, anything else                                         allowed, whatever state the rest is in
//   opts out                                                        the list of IPs is removed
//
// Pure: claims and reads are carried out by admit.ts.
import { egressIPAMOf, egressIPsText } from '../shared/annotation.ts';
import type { NamespaceObject } from '../shared/kinds.ts';
import { EGRESSIPAM_ANNOTATION, EGRESSIPS_ANNOTATION } from '../shared/names.ts';
import { isSystemNamespace } from '../shared/system-namespaces.ts';
import type { Decision, NamespaceRequest, NamespaceView } from './decision.ts';
import { optIn } from './opt-in.ts';
import { annotationPatch } from './patch.ts';
import { relist } from './relist.ts';

const NOTHING: Decision = { kind: 'allow', patch: [], warnings: [] };

/** `ownNamespace` is where this product runs. */
export function decide(request: NamespaceRequest, view: NamespaceView, ownNamespace: string): Decision {
  const { object, oldObject, operation } = request;
  if (object === undefined || (operation !== 'CREATE' && operation !== 'UPDATE')) return NOTHING;
  const after = egressIPAMOf(object);
  const before = egressIPAMOf(oldObject);
  if (after === undefined && before === undefined) return NOTHING;
  if ((object.metadata.deletionTimestamp ?? undefined) !== undefined) return NOTHING;
  if (isSystemNamespace(request.name || someNameFor(object), ownNamespace)) {
    return after === before ? NOTHING : { kind: 'allow', patch: [], warnings: [SYSTEM] };
  }
  if (after === undefined) {
    return { kind: 'allow', patch: annotationPatch(object, EGRESSIPS_ANNOTATION, undefined), warnings: [] };
  }
  if (after !== before) return optIn({ ...request, object }, after, view);
  if (egressIPsText(object) === egressIPsText(oldObject)) return NOTHING;
  return relist({ ...request, object, oldObject: oldObject ?? object }, after, view);
}

/** One of the names that `generateName` may become: the API server puts five characters behind it. */
function someNameFor({ metadata }: NamespaceObject): string {
  return `${metadata.generateName ?? ''}00000`;
}

const SYSTEM = `${EGRESSIPAM_ANNOTATION} has no effect on a system namespace: it is given no egress IPs`;
