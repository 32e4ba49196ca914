// The options of a request as objects, which is how admission webhooks see them.
import { isObject, type JsonObject } from './json.ts';
import type { ResourceRequest } from './request.ts';
import type { Verb } from './route.ts';
import { badRequest, type FieldError, invalid } from './status.ts';

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
export function checkWriteOptions({ verb, query }: ResourceRequest): void {
  const kind = KINDS[verb];
  if (kind === undefined) return;
  const faults = [
    ...query.getAll('dryRun').flatMap((value) => unsupported('dryRun', value, ['All'])),
    ...unsupported('fieldValidation', query.get('fieldValidation') ?? '', FIELD_VALIDATIONS),
  ];
  if (faults.length > 0) throw invalid({ group: 'meta.k8s.io', kind }, '', faults);
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

export function deleteOptions(request: ResourceRequest): DeleteOptions {
  if (request.body !== '') return fromBody(request.body);
  const { query } = request;
  const grace = query.get('gracePeriodSeconds');
  const propagationPolicy = query.get('propagationPolicy');
  return {
    ...(grace === null ? {} : { gracePeriodSeconds: Number(grace) }),
    ...(propagationPolicy === null ? {} : { propagationPolicy }),
    ...(query.has('dryRun') ? { dryRun: query.getAll('dryRun') } : {}),
  };
}

function fromBody(body: string): DeleteOptions {
  let options: unknown;
  try {
    options = JSON.parse(body);
  } catch (error) {
    throw badRequest(`couldn't get version/kind; json parse error: ${(error as Error).message}`);
  }
  if (!isObject(options)) throw badRequest('expected DeleteOptions');
  const { kind: _, apiVersion: __, ...rest } = options;
  return rest;
}

/** As admission webhooks see it. */
export function describedDeleteOptions(options: DeleteOptions): JsonObject {
  return { kind: 'DeleteOptions', apiVersion: META, ...options };
}
