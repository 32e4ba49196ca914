// The paths that are about the server and not about objects: discovery, OpenAPI, version, health.
import { aggregatedDiscovery, apiGroup, apiGroupList, apiResourceList, apiVersions } from './discovery.ts';
import type { ApiRequest, Services } from './dispatch.ts';
import type { KindSpec } from './kind.ts';
import { openapiV3, openapiV3Index } from './openapi.ts';
import { OPENAPI_V2, openapiV2 } from './openapi-v2.ts';
import type { Page } from './request.ts';
import { notAcceptable } from './status.ts';

const HEALTH: ReadonlySet<string> = new Set(['/healthz', '/livez', '/readyz']);

/** undefined: nothing is there. */
export function information(services: Services, request: ApiRequest): Page | undefined {
  const { kinds } = services.cluster.registry;
  const path = request.path.replace(/(?<=.)\/$/, '');
  if (HEALTH.has(path)) return healthy(path.slice(1), request.query);
  if (path === '/version') return indented(version(services.minorVersion));
  if (path === '/api' || path === '/apis') return roots(path, request.accept, kinds);
  if (path === '/openapi/v2') return oldOpenapi(request.accept, kinds);
  const [root, group = '', groupVersion = ''] = path.split('/').slice(1);
  if (root === 'api') return json(apiResourceList('', group, kinds));
  if (root === 'apis' && groupVersion === '') return json(apiGroup(group, kinds));
  if (root === 'apis') return json(apiResourceList(group, groupVersion, kinds));
  return path.startsWith('/openapi/v3') ? openapi(path, kinds) : undefined;
}

function healthy(check: string, query: URLSearchParams): Page {
  const body = query.has('verbose') ? `[+]ping ok\n${check} check passed\n` : 'ok';
  return { code: 200, type: 'text/plain; charset=utf-8', body };
}

function roots(path: '/api' | '/apis', accept: string, kinds: readonly KindSpec[]): Page | undefined {
  for (const offer of accept.split(',')) {
    const wanted = /as=APIGroupDiscoveryList/.test(offer) ? /v=(v2beta1|v2)\b/.exec(offer)?.[1] : undefined;
    if (wanted !== 'v2' && wanted !== 'v2beta1') continue;
    return {
      code: 200,
      type: `application/json;g=apidiscovery.k8s.io;v=${wanted};as=APIGroupDiscoveryList`,
      body: `${JSON.stringify(aggregatedDiscovery(kinds, path, wanted))}\n`,
    };
  }
  return json(path === '/api' ? apiVersions() : apiGroupList(kinds));
}

// Clients older than OpenAPI v3 read it as protobuf, and only that is served.
function oldOpenapi(accept: string, kinds: readonly KindSpec[]): Page {
  if (!accept.includes('proto-openapi.spec.v2')) throw notAcceptable([OPENAPI_V2]);
  return { code: 200, type: OPENAPI_V2, body: openapiV2(kinds) };
}

function openapi(path: string, kinds: readonly KindSpec[]): Page | undefined {
  if (path === '/openapi/v3') return json(openapiV3Index(kinds));
  const [, root, group = '', version = ''] =
    /^\/openapi\/v3\/(apis?)\/([^/]+)(?:\/([^/]+))?$/.exec(path) ?? [];
  return json(root === 'api' ? openapiV3('', group, kinds) : openapiV3(group, version, kinds));
}

function json(value: object | undefined): Page | undefined {
  if (value === undefined) return undefined;
  return { code: 200, type: 'application/json', body: `${JSON.stringify(value)}\n` };
}

/** The version is for people, whoever asks. */
function indented(value: object): Page {
  return { code: 200, type: 'application/json', body: JSON.stringify(value, null, 2) };
}

function version(minor: number): object {
  return {
    major: '1',
    minor: String(minor),
    gitVersion: `v1.${minor}.4`,
    gitCommit: '0000000000000000000000000000000000000000',
    gitTreeState: 'clean',
    buildDate: '2025-04-22T16:03:58Z',
    goVersion: 'go1.23.6',
    compiler: 'gc',
    platform: 'linux/amd64',
  };
}
