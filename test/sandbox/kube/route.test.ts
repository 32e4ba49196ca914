import t from 'tap';
import { type ResourceRoute, resourceRoute } from './route.ts';

function shown(route: ResourceRoute | undefined): string {
  if (route === undefined) return 'no objects';
  const { verb, group, version, resource, subresource, namespace, name, authorizedName } = route;
  const what = subresource === '' ? resource : `${resource}/${subresource}`;
  const of = group === '' ? version : `${group}/${version}`;
  const where = namespace === '' ? '' : ` in ${namespace}`;
  const named = name === '' ? '' : ` ${name}`;
  const seen = authorizedName === name ? '' : ` (${authorizedName} for RBAC)`;
  return `${verb} ${of} ${what}${named}${where}${seen}`;
}

const NAMESPACES = '/api/v1/namespaces';
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/x/leases';

const ROWS: readonly (readonly [method: string, url: string, asked: string])[] = [
  ['GET', '/api', 'no objects'],
  ['GET', '/api/v1', 'no objects'],
  ['GET', '/apis/network.openshift.io/v1', 'no objects'],
  ['GET', '/healthz', 'no objects'],
  ['GET', NAMESPACES, 'list v1 namespaces'],
  ['POST', NAMESPACES, 'create v1 namespaces'],
  ['GET', `${NAMESPACES}?watch=1`, 'watch v1 namespaces'],
  ['GET', `${NAMESPACES}?watch=false`, 'list v1 namespaces'],
  ['GET', `${NAMESPACES}/x`, 'get v1 namespaces x in x'],
  ['GET', `${NAMESPACES}/x?watch=1`, 'get v1 namespaces x in x'],
  ['PATCH', `${NAMESPACES}/x`, 'patch v1 namespaces x in x'],
  ['PUT', `${NAMESPACES}/x/finalize`, 'update v1 namespaces/finalize x in x'],
  ['PATCH', `${NAMESPACES}/x/status`, 'patch v1 namespaces/status x in x'],
  ['GET', `${NAMESPACES}/x/secrets`, 'list v1 secrets in x'],
  ['DELETE', `${NAMESPACES}/x/secrets`, 'deletecollection v1 secrets in x'],
  ['DELETE', `${NAMESPACES}/x/secrets/s`, 'delete v1 secrets s in x'],
  ['GET', '/api/v1/secrets', 'list v1 secrets'],
  ['GET', `${LEASES}/l`, 'get coordination.k8s.io/v1 leases l in x'],
  [
    'GET',
    `${LEASES}?watch=1&fieldSelector=metadata.name%3Dl`,
    'watch coordination.k8s.io/v1 leases in x (l for RBAC)',
  ],
  ['POST', '/api/v1/namespaces/x/serviceaccounts/a/token', 'create v1 serviceaccounts/token a in x'],
  [
    'GET',
    '/apis/redhatcop.redhat.io/v1alpha1/egressipallocations/10.0.0.1/status',
    'get redhatcop.redhat.io/v1alpha1 egressipallocations/status 10.0.0.1',
  ],
];

t.test('a request is told apart by method and path', async (t) => {
  for (const [method, url, asked] of ROWS) {
    const [path = '', query = ''] = url.split('?');
    t.equal(shown(resourceRoute(method, path, new URLSearchParams(query))), asked, `${method} ${url}`);
  }
});
