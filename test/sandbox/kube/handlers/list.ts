// GET of one object and of a collection. Pages of a list show the moment of the first page; when that moment is
// forgotten the client is told with 410 to start again.
import type { Cluster } from '../cluster.ts';
import { collectionKey } from '../collection-key.ts';
import { parseJson } from '../go-json.ts';
import { type JsonObject, objectOf } from '../json.ts';
import { checkListOptions, integerIn } from '../options.ts';
import { type Answer, type ResourceRequest, stored } from '../request.ts';
import { badRequest, expired, refusal, unexplained } from '../status.ts';
import type { Version } from '../storage.ts';
import { current } from './change.ts';
import { isSelective, selection } from './selection.ts';

export function get({ storage }: Cluster, request: ResourceRequest): Answer {
  refuseFuture(wantedRevision(request), storage.revision);
  return stored(200, current(request));
}

export function list(cluster: Cluster, request: ResourceRequest): Answer {
  checkListOptions(request.query);
  const limit = pageSize(request.query);
  const token = request.query.get('continue');
  const { revision, everything, start } = token ? resumed(cluster, request, token) : fresh(cluster, request);
  const matches = matching(request, everything);
  const from = start === '' ? 0 : matches.findIndex((version) => pageKey(version) >= start);
  const rest = from === -1 ? [] : matches.slice(from);
  const items = limit > 0 ? rest.slice(0, limit) : rest;
  const metadata: JsonObject = { resourceVersion: String(revision) };
  const last = items.at(-1);
  if (items.length < rest.length && last !== undefined) {
    cluster.snapshots.keep(keyOf(request), revision, everything);
    metadata.continue = continueToken(revision, `${pageKey(last)}\0`);
    if (!isSelective(request)) metadata.remainingItemCount = rest.length - items.length;
  }
  return { form: 'list', code: 200, metadata, items };
}

/** 0: everything at once, as also from the watch cache, which knows no pages and answers for «any» moment. */
function pageSize(query: URLSearchParams): number {
  const limit = integerIn(query, 'limit') ?? 0;
  return query.get('resourceVersion') === '0' ? 0 : limit;
}

/** The versions in the request's namespace that its selectors choose. */
export function matching(request: ResourceRequest, versions: readonly Version[]): readonly Version[] {
  const { kind, namespace } = request;
  const everywhere = !kind.spec.namespaced || namespace === '';
  if (everywhere && !isSelective(request)) return versions;
  const matches = selection(request);
  return versions.filter((version) => (everywhere || version.namespace === namespace) && matches(version));
}

interface Moment {
  readonly revision: number;
  readonly everything: readonly Version[];
  /** Key of the first item to show. */
  readonly start: string;
}

function fresh(cluster: Cluster, request: ResourceRequest): Moment {
  const { collection } = request.kind;
  const wanted = wantedRevision(request);
  const { revision } = cluster.storage;
  refuseFuture(wanted, revision);
  const moment = { revision, everything: collection.list(), start: '' };
  if (!wantsExactly(request.query, wanted)) return moment;
  const everything = collection.changed <= wanted ? moment.everything : undefined;
  const known = everything ?? cluster.snapshots.at(keyOf(request), wanted);
  if (known === undefined) throw expired('The resourceVersion for the provided list is too old.');
  return { revision: wanted, everything: known, start: '' };
}

/** A page of a revision is of that revision even if nobody says so. */
function wantsExactly(query: URLSearchParams, wanted: number): boolean {
  const match = query.get('resourceVersionMatch') ?? '';
  return match === 'Exact' || (match === '' && wanted > 0 && pageSize(query) > 0);
}

/** The resourceVersion of the query, 0 when there is none. */
export function wantedRevision({ query }: ResourceRequest): number {
  const text = query.get('resourceVersion') ?? '';
  if (/^\d*$/.test(text)) return Number(text);
  const shown = JSON.stringify(text);
  const why = `resourceVersion: Invalid value: ${shown}: strconv.ParseUint: parsing ${shown}: invalid syntax`;
  // Pages are read from etcd, which refuses it as what it is; everything else fails in the watch cache.
  throw query.get('limit') === null ? unexplained(why) : badRequest(`invalid resource version: ${why}`);
}

function refuseFuture(wanted: number, revision: number): void {
  if (wanted <= revision) return;
  const message = `Too large resource version: ${wanted}, current: ${revision}`;
  throw refusal(504, 'Timeout', `Timeout: ${message}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
}

const TOO_OLD =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without ' +
  'the continue parameter, or use the continue token in this response to retrieve the remainder of the results. ' +
  'Continuing with the provided token results in an inconsistent list - objects that were created, modified, or ' +
  'deleted between the time the first chunk was returned and now may show up in the list.';

function resumed(cluster: Cluster, request: ResourceRequest, token: string): Moment {
  const { revision, start } = readToken(token);
  if (wantedRevision(request) > 0) {
    throw badRequest('specifying resource version is not allowed when using continue');
  }
  if (revision === INCONSISTENT) {
    return { revision: cluster.storage.revision, everything: request.kind.collection.list(), start };
  }
  const everything = cluster.snapshots.at(keyOf(request), revision);
  if (everything === undefined) throw expired(TOO_OLD, continueToken(INCONSISTENT, start));
  return { revision, everything, start };
}

const TOKEN_VERSION = 'meta.k8s.io/v1';
/** In a token: go on with whatever is there now. */
const INCONSISTENT = -1;

function continueToken(revision: number, start: string): string {
  const token = JSON.stringify({ v: TOKEN_VERSION, rv: revision, start });
  return Buffer.from(token.replace('\0', '\\u0000')).toString('base64url');
}

function readToken(token: string): { revision: number; start: string } {
  const { v, rv, start } = tokenFields(token);
  if (v !== TOKEN_VERSION) throw invalidToken(': server does not recognize this encoded version ""');
  if (typeof rv !== 'number' || rv === 0) {
    throw invalidToken(`: incorrect encoded start resourceVersion (version ${TOKEN_VERSION})`);
  }
  if (typeof start !== 'string' || start === '') {
    throw invalidToken(`: encoded start key empty (version ${TOKEN_VERSION})`);
  }
  return { revision: rv, start };
}

function tokenFields(token: string): JsonObject {
  const stray = /[^\w-]/.exec(token)?.index ?? (token.length % 4 === 1 ? token.length - 1 : undefined);
  if (stray !== undefined) throw invalidToken(`: illegal base64 data at input byte ${stray}`);
  try {
    return objectOf(parseJson(Buffer.from(token, 'base64url').toString('latin1')));
  } catch (error) {
    throw invalidToken(`: ${(error as Error).message}`);
  }
}

function invalidToken(why: string) {
  return badRequest(`invalid continue token: continue key is not valid${why}`);
}

function pageKey({ namespace, name }: Version): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}

function keyOf({ kind }: ResourceRequest): string {
  return collectionKey(kind.spec.group, kind.spec.plural);
}
