// Which IPs does a namespace get that names an EgressIPAM it did not name before? Those that it lists, if it may have
// them, or one of each CIDR. And may IPs of that EgressIPAM be given out at all now?
import { EGRESSIPAM_PATH, egressIPsText, requestedIPs } from '../shared/annotation.ts';
import type { EgressIPAM, Pool } from '../shared/egressipam.ts';
import { problemsOf } from '../shared/explicit.ts';
import { describeProblems } from '../shared/problem.ts';
import { isSubdomain } from '../shared/subdomain.ts';
import { type Decision, type Deny, impossible, later, type NamespaceView } from './decision.ts';
import { explicits, layPlan, type PlanRequest, searches } from './plan.ts';

const SHOWN_NAMES = 20;
const LONGEST_NAME = 253;

/** Opts in to the EgressIPAM `name`. */
export function optIn(request: PlanRequest, name: string, view: NamespaceView): Decision {
  const target = lookUp(name, view);
  if (target.kind !== 'found') return target;
  const { egressIPAM, warnings } = target;
  const base = { request, egressIPAM, warnings, kept: new Map(), exchanged: new Set<Pool>() };
  const text = egressIPsText(request.object);
  if (text === undefined || isLeftOver(request, text, egressIPAM)) {
    return layPlan(
      { ...base, problems: [], wanted: searches(egressIPAM.pools, request, view, egressIPAM) },
      view,
    );
  }
  const list = {
    text,
    egressIPAM,
    namespace: request.name,
    before: new Set<never>(),
    filledIn: new Set<Pool>(),
  };
  const requested = requestedIPs(text, egressIPAM);
  const wanted = explicits(requested.ok ? requested.value : new Map(), request, view);
  return layPlan({ ...base, problems: problemsOf(list, view), wanted }, view);
}

export interface Found {
  readonly kind: 'found';
  readonly egressIPAM: EgressIPAM;
  readonly warnings: readonly string[];
}

/** The EgressIPAM, fit to take IPs from; or the answer why not. */
export function lookUp(
  name: string,
  view: NamespaceView,
): Found | Exclude<Decision, { kind: 'allow' | 'allocate' }> {
  const outOfTouch = view.outOfTouch();
  if (outOfTouch !== undefined) return later('NotReady', outOfTouch);
  const invalid = view.invalid(name);
  if (invalid !== undefined) {
    const why = describeProblems(invalid);
    const message = `EgressIPAM "${name}" is invalid and gives out no IPs until it is corrected: ${why}`;
    return impossible({ code: 'EgressIPAMInvalid', path: EGRESSIPAM_PATH, message });
  }
  const egressIPAM = view.egressIPAM(name);
  if (egressIPAM === undefined) {
    const otherwise = unknown(name, view);
    // What cannot be a name is not asked for: `..` would be another place in the API.
    return isSubdomain(name) ? { kind: 'read', egressIPAM: name, otherwise } : otherwise;
  }
  if (egressIPAM.deleting) {
    const message = `EgressIPAM "${name}" is being deleted and gives out no more IPs; name another one`;
    return impossible({ code: 'EgressIPAMDeleting', path: EGRESSIPAM_PATH, message });
  }
  const cloud = view.cloud(egressIPAM);
  switch (cloud.kind) {
    case 'known':
      return { kind: 'found', egressIPAM, warnings: cloud.warnings };
    case 'unobserved':
      return { kind: 'wait', otherwise: later('CloudNotObserved', cloud.why) };
    case 'old':
      return later('CloudViewOld', cloud.why);
    case 'untold':
      return impossible({ code: 'CloudUntold', path: EGRESSIPAM_PATH, message: cloud.why });
  }
}

function unknown(name: string, view: NamespaceView): Deny {
  const names = view.names();
  const shown = names
    .slice(0, SHOWN_NAMES)
    .map((known) => `"${known}"`)
    .join(', ');
  const more = names.length > SHOWN_NAMES ? ` and ${names.length - SHOWN_NAMES} more` : '';
  const exist = names.length === 0 ? 'there is none yet, create it first' : `use one of ${shown}${more}`;
  const asked = name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name;
  const message = `EgressIPAM "${asked}" does not exist; ${exist}`;
  return impossible({ code: 'EgressIPAMNotFound', path: EGRESSIPAM_PATH, message });
}

/**
 * When a namespace is pointed to another EgressIPAM, the list of the old one comes along untouched. It counts as no
 * list, unless the new EgressIPAM has the same CIDRs.
 */
function isLeftOver(request: PlanRequest, text: string, egressIPAM: EgressIPAM): boolean {
  const { oldObject, operation } = request;
  if (operation !== 'UPDATE' || text !== egressIPsText(oldObject)) return false;
  return !requestedIPs(text, egressIPAM).ok;
}
