// The options of a request as objects, which is how admission webhooks see them.
import { parseJson } from './go-json.ts';
import { isObject, type JsonObject } from './json.ts';
import { APPLY_PATCH } from './patch.ts';
import type { ResourceRequest } from './request.ts';
import type { Verb } from './route.ts';
import { badRequest, type FieldError, invalid, unexplained } from './status.ts';

const META = 'meta.k8s.io/v1';

export function createOptions(request: ResourceRequest): JsonObject {
  return { kind: 'CreateOptions', apiVersion: META, ...writeOptions(request) };
}

/** Also of a patch: webhooks never see PatchOptions. */
export function updateOptions(request: ResourceRequest): JsonObject {
  return { kind: 'UpdateOptions', apiVersion: META, ...writeOptions(request) };
}

const FIELD_VALIDATIONS = ['', 'Ignore', 'Strict', 'Warn'];

const KINDS: Partial<Record<Verb, string>> = {
  create: 'CreateOptions',
  update: 'UpdateOptions',
  patch: 'PatchOptions',
};

/** Throws Invalid for options that do not exist; verbs that write nothing have none to check. */
export function checkWriteOptions(request: ResourceRequest): void {
  const { verb, query } = request;
  const kind = KINDS[verb];
  if (kind === undefined) return;
  const faults = [
    ...(verb === 'patch' ? patchFaults(request) : []),
    ...managerFaults(query.get('fieldManager') ?? ''),
    ...query.getAll('dryRun').flatMap((value) => unsupported('dryRun', value, ['All'])),
    ...unsupported('fieldValidation', query.get('fieldValidation') ?? '', FIELD_VALIDATIONS),
  ];
  if (faults.length > 0) throw invalid({ group: 'meta.k8s.io', kind }, '', faults);
}

/** Only who applies can force, and only who applies has to say who it is. */
function patchFaults({ contentType, query }: ResourceRequest): FieldError[] {
  if (contentType !== APPLY_PATCH) {
    const message = 'Forbidden: may not be specified for non-apply patch';
    return query.has('force') ? [{ reason: 'FieldValueForbidden', message, field: 'force' }] : [];
  }
  const message = 'Required value: is required for apply patch';
  return query.get('fieldManager') ? [] : [{ reason: 'FieldValueRequired', message, field: 'fieldManager' }];
}

const MATCH = 'resourceVersionMatch';

/** Throws Invalid for a list that asks for what only a watch can have, or for no moment that there is. */
export function checkListOptions(query: URLSearchParams): void {
  const match = query.get(MATCH) ?? '';
  const faults: FieldError[] = [];
  if (match !== '') {
    if (!query.get('resourceVersion'))
      faults.push(forbidden(MATCH, `${MATCH} is forbidden unless resourceVersion is provided`));
    if (query.get('continue'))
      faults.push(forbidden(MATCH, `${MATCH} is forbidden when continue is provided`));
    faults.push(...unsupported(MATCH, match, ['Exact', 'NotOlderThan', '']));
    if (match === 'Exact' && query.get('resourceVersion') === '0') {
      faults.push(forbidden(MATCH, `${MATCH} "exact" is forbidden for resourceVersion "0"`));
    }
  }
  if (query.has('sendInitialEvents')) {
    faults.push(forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  }
  if (faults.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', faults);
}

/** Throws Invalid for a watch that says of its beginning what does not fit together. */
export function checkWatchOptions(query: URLSearchParams): void {
  const match = query.get(MATCH) ?? '';
  const initial = query.has('sendInitialEvents');
  const faults: FieldError[] = [];
  if (initial && match !== 'NotOlderThan') {
    faults.push(forbidden(MATCH, `sendInitialEvents requires setting ${MATCH} to NotOlderThan`));
  }
  if (match !== '') {
    if (!initial)
      faults.push(forbidden(MATCH, `${MATCH} is forbidden for watch unless sendInitialEvents is provided`));
    faults.push(...unsupported(MATCH, match, ['NotOlderThan']));
    if (query.get('continue'))
      faults.push(forbidden(MATCH, `${MATCH} is forbidden when continue is provided`));
  }
  if (faults.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', faults);
}

function forbidden(field: string, why: string): FieldError {
  return { reason: 'FieldValueForbidden', message: `Forbidden: ${why}`, field };
}

const LONGEST_MANAGER = 128;

function managerFaults(manager: string): FieldError[] {
  const message = `Too long: may not be more than ${LONGEST_MANAGER} bytes`;
  const field = 'fieldManager';
  return manager.length > LONGEST_MANAGER ? [{ reason: 'FieldValueTooLong', message, field }] : [];
}

function unsupported(field: string, value: string, supported: readonly string[]): FieldError[] {
  if (supported.includes(value)) return [];
  const list = supported.map((one) => JSON.stringify(one)).join(', ');
  const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${list}`;
  return [{ reason: 'FieldValueNotSupported', message, field }];
}

function writeOptions({ query }: ResourceRequest): JsonObject {
  const options: JsonObject = {};
  if (query.has('dryRun')) options.dryRun = query.getAll('dryRun');
  for (const name of ['fieldManager', 'fieldValidation']) {
    const value = query.get(name);
    if (value !== null && value !== '') options[name] = value;
  }
  return options;
}

/** metav1.DeleteOptions, from the body or, as older clients do, from the query. */
export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly propagationPolicy?: string;
  readonly dryRun?: readonly string[];
}

/** Throws Invalid for options that do not exist. */
export function deleteOptions(request: ResourceRequest): DeleteOptions {
  const options = request.body === '' ? fromQuery(request.query) : fromBody(request.body);
  const { propagationPolicy, dryRun = [] } = options;
  const faults = [
    ...(propagationPolicy === undefined ? [] : unsupported('propagationPolicy', propagationPolicy, POLICIES)),
    ...dryRun.flatMap((value) => unsupported('dryRun', value, ['All'])),
  ];
  if (faults.length === 0) return options;
  throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', faults);
}

const POLICIES: readonly string[] = ['Foreground', 'Background', 'Orphan', 'nil'];

function fromQuery(query: URLSearchParams): DeleteOptions {
  const gracePeriodSeconds = integerIn(query, 'gracePeriodSeconds');
  const propagationPolicy = query.get('propagationPolicy');
  return {
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(propagationPolicy === null ? {} : { propagationPolicy }),
    ...(query.has('dryRun') ? { dryRun: query.getAll('dryRun') } : {}),
  };
}

/** A number in a query. Throws BadRequest for what is none. */
export function integerIn(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name) ?? '';
  if (text === '') return undefined;
  if (/^[+-]?\d+$/.test(text)) return Number(text);
  throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
}

/** What cannot be read is no fault of the request's, as kube-apiserver sees it. */
function fromBody(body: string): DeleteOptions {
  const options = parsed(body);
  if (!isObject(options)) throw unexplained('decoded object cannot be converted to DeleteOptions');
  const { kind = 'DeleteOptions', apiVersion, ...rest } = options;
  if (kind === 'DeleteOptions') return rest;
  const scheme = 'k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:32';
  throw unexplained(
    `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "${scheme}"`,
  );
}

function parsed(body: string): unknown {
  try {
    return parseJson(body);
  } catch (error) {
    throw unexplained(`couldn't get version/kind; json parse error: ${(error as Error).message}`);
  }
}

/** As admission webhooks see it. */
export function describedDeleteOptions(options: DeleteOptions): JsonObject {
  return { kind: 'DeleteOptions', apiVersion: META, ...options };
}
