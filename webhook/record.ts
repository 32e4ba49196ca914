// What is left of an answer in the log? One line for each namespace or EgressIPAM that we changed, refused or warned about,
// none for those that passed untouched. Never more of the request than names.
import { EGRESSIPAM_ANNOTATION, EGRESSIPS_ANNOTATION } from '../shared/names.ts';
import type { Logger } from '../shared/process/log.ts';
import type { Answered } from './app.ts';
import type { PatchOperation } from './patch.ts';

/** Writes the line, if there is one to write. */
export function logAnswer(log: Logger, { webhook, request, answer, seconds }: Answered): void {
  if (answer.allowed && !answer.patch?.length && !answer.warnings?.length) return;
  const metadata = (request?.object ?? request?.oldObject)?.metadata;
  const event = {
    webhook,
    operation: request?.operation,
    name: metadata?.name ?? metadata?.generateName,
    egressIPAM: metadata?.annotations?.[EGRESSIPAM_ANNOTATION],
    dryRun: request?.dryRun === true ? true : undefined,
    seconds,
  };
  if (!answer.allowed) {
    const refusal = { ...event, code: answer.code, why: answer.message };
    if (answer.code === 422) log.info(refusal, 'refused');
    else log.warn(refusal, answer.code === 503 ? 'postponed' : 'could not answer');
    return;
  }
  const { patch = [], warnings = [] } = answer;
  if (patch.length > 0) log.info({ ...event, egressIPs: listedIn(patch) }, 'changed the list of egress IPs');
  if (warnings.length > 0) log.info({ ...event, warnings }, 'warned');
}

function listedIn(patch: readonly PatchOperation[]): unknown {
  const [first] = patch;
  if (first === undefined || first.op === 'remove') return null;
  const { value } = first;
  return typeof value === 'object' ? (value as Record<string, unknown>)[EGRESSIPS_ANNOTATION] : value;
}
