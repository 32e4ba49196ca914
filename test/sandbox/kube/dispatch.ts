// From a request to its answer: what does it ask for, may the user, which handler. The way of every request, whether it
// came over HTTPS or from the in-process client.
import type { AuditLog } from './audit.ts';
import { type Authorizer, attributesOf, forbiddenPath, forbiddenResource } from './authorizer.ts';
import type { Cluster } from './cluster.ts';
import { NAMESPACES } from './collection-key.ts';
import { handle } from './handlers/handle.ts';
import { information } from './information.ts';
import type { ServedKind } from './registry.ts';
import type { Answer, Page, ResourceRequest } from './request.ts';
import { type ResourceRoute, resourceRoute, type Verb } from './route.ts';
import { noSuchPath, noSuchResource, Refusal, timedOut } from './status.ts';
import type { User, Users } from './users.ts';

/** Any request, already authenticated. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly user: User;
  readonly accept: string;
  readonly contentType: string;
  readonly agent: string;
  readonly body: string;
  readonly warnings: string[];
}

/** A handler's answer and the kind it is about, or a page that is about no object. */
export type Reply =
  | { readonly about: ServedKind; readonly request: ResourceRequest; readonly answer: Answer }
  | { readonly about: undefined; readonly page: Page };

export interface Services {
  readonly cluster: Cluster;
  readonly authorizer: Authorizer;
  readonly users: Users;
  readonly audit: AuditLog;
  readonly requestTimeoutMs: number;
  /** As `/version` tells it. */
  readonly minorVersion: number;
}

/** Rejects with a Refusal and, in case of a bug, with anything else. */
export async function dispatch(services: Services, request: ApiRequest): Promise<Reply> {
  const route = resourceRoute(request.method, request.path, request.query);
  let code = 500;
  try {
    const reply = await (route === undefined
      ? about(services, request)
      : withDeadline(answer(services, request, route), timeoutOf(services, request), route.verb));
    code = reply.about === undefined ? reply.page.code : reply.answer.code;
    return reply;
  } catch (error) {
    if (error instanceof Refusal) code = error.code;
    throw error;
  } finally {
    record(services, request, route, code);
  }
}

async function about(services: Services, request: ApiRequest): Promise<Reply> {
  const { method, path, user } = request;
  if (!services.authorizer.allows(user, { verb: method.toLowerCase(), path })) {
    throw forbiddenPath(user, method, path);
  }
  const page = information(services, request);
  if (page === undefined) throw noSuchPath();
  return { about: undefined, page };
}

async function answer(services: Services, request: ApiRequest, route: ResourceRoute): Promise<Reply> {
  const { cluster, authorizer } = services;
  if (!authorizer.allows(request.user, attributesOf(route))) throw forbiddenResource(request.user, route);
  const kind = cluster.registry.find(route.group, route.version, route.resource);
  if (kind === undefined) {
    throw cluster.registry.hasBuiltins(route.group, route.version) ? noSuchResource() : noSuchPath();
  }
  const handled: ResourceRequest = {
    verb: route.verb,
    kind,
    subresource: route.subresource,
    // A namespace itself is asked for «in» itself.
    namespace: isNamespace(route) ? '' : route.namespace,
    name: route.name,
    user: request.user,
    query: request.query,
    contentType: request.contentType,
    body: request.body,
    agent: request.agent,
    deadline: performance.now() + timeoutOf(services, request),
    warnings: request.warnings,
    mayCreate: () => authorizer.allows(request.user, attributesOf({ ...route, verb: 'create' })),
  };
  return { about: kind, request: handled, answer: await handle(services, handled) };
}

function isNamespace({ group, resource }: ResourceRoute): boolean {
  return group === '' && resource === NAMESPACES;
}

/** A client may ask for less time than the server gives (`kubectl --request-timeout`). */
function timeoutOf({ requestTimeoutMs }: Services, { query }: ApiRequest): number {
  const [, count, unit] = /^(\d+)(ms|s|m)$/.exec(query.get('timeout') ?? '') ?? [];
  if (count === undefined || count === '0') return requestTimeoutMs;
  const scale = unit === 'm' ? 60_000 : unit === 's' ? 1000 : 1;
  return Math.min(requestTimeoutMs, Number(count) * scale);
}

/** Past the deadline the client is told so; what was begun may still take effect. */
async function withDeadline(reply: Promise<Reply>, timeout: number, verb: Verb): Promise<Reply> {
  if (verb === 'watch') return reply;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(timedOut()), timeout);
  });
  try {
    return await Promise.race([reply, late]);
  } finally {
    clearTimeout(timer);
  }
}

function record(
  services: Services,
  request: ApiRequest,
  route: ResourceRoute | undefined,
  code: number,
): void {
  services.audit.record({
    time: services.cluster.now(),
    user: request.user.name,
    verb: route?.verb ?? request.method.toLowerCase(),
    group: route?.group ?? '',
    resource: route?.resource ?? '',
    subresource: route?.subresource ?? '',
    namespace: route?.namespace ?? '',
    name: route?.name ?? '',
    path: request.path,
    dryRun: request.query.get('dryRun') === 'All',
    code,
  });
}
