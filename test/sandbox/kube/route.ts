// What does a request's method and path ask for? Follows kube-apiserver's RequestInfo, whose quirks show in RBAC: one
// namespace is asked for «in the namespace» of its own name, and a list for one metadata.name carries that name.

/** What RBAC, the audit log and the handlers call the operation. */
export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

/** The verbs that RBAC knows. */
export type AuthorizedVerb = Verb | 'impersonate';

/** A request for objects. */
export interface ResourceRoute {
  readonly verb: Verb;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  /** Empty: the object itself. */
  readonly subresource: string;
  /** Empty: all namespaces, or a cluster-scoped kind. */
  readonly namespace: string;
  /** Empty for collections. */
  readonly name: string;
  /** The name as RBAC sees it: also that of a list for one name. */
  readonly authorizedName: string;
}

const VERBS: Readonly<Record<string, Verb>> = {
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

const NAMESPACE_SUBRESOURCES: ReadonlySet<string> = new Set(['status', 'finalize']);

/** undefined: not a request for objects, but for discovery, health and the like. */
export function resourceRoute(
  method: string,
  path: string,
  query: URLSearchParams,
): ResourceRoute | undefined {
  const parts = path.split('/').slice(1).map(decodeURIComponent);
  const start = parts[0] === 'api' ? 2 : parts[0] === 'apis' ? 3 : Number.POSITIVE_INFINITY;
  if (parts.length <= start || parts[start] === '') return undefined;
  const [group, version] = start === 2 ? ['', parts[1] ?? ''] : [parts[1] ?? '', parts[2] ?? ''];
  const { namespace, resource, name, subresource } = objectPath(parts.slice(start));
  const verb = verbOf(method, name, query);
  const one = name === '' && verb !== 'create' ? nameInSelector(query) : name;
  return { verb, group, version, resource, subresource, namespace, name, authorizedName: one };
}

/** Where the object itself is: namespaces are not in a namespace. */
function objectPath(
  parts: readonly string[],
): Record<'namespace' | 'resource' | 'name' | 'subresource', string> {
  const [first = '', second = '', third, fourth = '', ...rest] = parts;
  if (first !== 'namespaces' || third === undefined || NAMESPACE_SUBRESOURCES.has(third)) {
    const namespace = first === 'namespaces' ? second : '';
    return {
      namespace,
      resource: first,
      name: second,
      subresource: [third, fourth].filter(Boolean).join('/'),
    };
  }
  return { namespace: second, resource: third, name: fourth, subresource: rest.join('/') };
}

function verbOf(method: string, name: string, query: URLSearchParams): Verb {
  const verb = VERBS[method];
  if (verb !== undefined) return verb === 'delete' && name === '' ? 'deletecollection' : verb;
  if (name !== '') return 'get';
  const watch = query.get('watch');
  return watch === null || watch === '0' || watch === 'false' ? 'list' : 'watch';
}

function nameInSelector(query: URLSearchParams): string {
  return /^metadata\.name==?([^,]+)$/.exec(query.get('fieldSelector') ?? '')?.[1] ?? '';
}
