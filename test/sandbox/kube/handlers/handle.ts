// Which handler answers a request for objects: by verb, but for reviews, scales and tokens.
import type { Cluster } from '../cluster.ts';
import type { Services } from '../dispatch.ts';
import { checkWriteOptions } from '../options.ts';
import type { Answer, ResourceRequest } from '../request.ts';
import type { Verb } from '../route.ts';
import {
  badRequest,
  methodNotAllowed,
  noSuchPath,
  noSuchResource,
  notFound,
  type Refusal,
} from '../status.ts';
import { create } from './create.ts';
import { remove, removeCollection } from './delete.ts';
import { get, list } from './list.ts';
import { patch } from './patch.ts';
import { isReview, review } from './review.ts';
import { scale } from './scale.ts';
import { requestToken } from './token.ts';
import { update } from './update.ts';
import { watch } from './watch.ts';

/** Carries out what a user may do. Throws for what the kind does not offer. */
export function handle(services: Services, request: ResourceRequest): Answer | Promise<Answer> {
  checkWriteOptions(request);
  if (isReview(request.kind)) {
    if (request.verb !== 'create') throw notAllowed(request);
    return review(services, request);
  }
  if (request.subresource === 'token' && request.verb === 'create') return requestToken(services, request);
  return handler(request)(services.cluster, request);
}

type Handler = (cluster: Cluster, request: ResourceRequest) => Answer | Promise<Answer>;

const HANDLERS: Readonly<Record<Verb, Handler>> = {
  get,
  list,
  watch,
  create,
  update,
  patch,
  delete: remove,
  deletecollection: removeCollection,
};

/** Verbs of paths that end with the resource. */
const ON_COLLECTIONS: ReadonlySet<Verb> = new Set(['create', 'list', 'watch', 'deletecollection']);
const SUBRESOURCE_VERBS: ReadonlySet<Verb> = new Set(['get', 'update', 'patch']);

function handler(request: ResourceRequest): Handler {
  const { kind, verb, subresource, name } = request;
  const { spec, custom } = kind;
  refuseOutOfPlace(request);
  if (subresource !== '') {
    if (!(spec.subresources as readonly string[]).includes(subresource)) {
      throw custom ? notFound(kind.resource, name) : noSuchResource();
    }
    if (!SUBRESOURCE_VERBS.has(verb)) throw notAllowed(request);
  } else if (!spec.verbs.includes(verb) || (ON_COLLECTIONS.has(verb) ? name !== '' : name === '')) {
    if (custom && name === '') throw badRequest('name must be provided');
    throw notAllowed(request);
  }
  return subresource === 'scale' ? scale : HANDLERS[verb];
}

/** Only lists and watches go across namespaces, and what is in no namespace is not found in one. */
function refuseOutOfPlace(request: ResourceRequest): void {
  const { kind, verb, namespace, name } = request;
  const across = verb === 'list' || verb === 'watch';
  if (kind.spec.namespaced ? namespace !== '' || across : namespace === '') return;
  if (kind.custom) throw noSuchPath();
  throw kind.spec.namespaced && name === '' ? notAllowed(request) : noSuchResource();
}

function notAllowed({ kind, verb }: ResourceRequest): Refusal {
  return methodNotAllowed(kind.resource, verb, kind.custom ? 'custom' : 'builtin');
}
