// What clients ask before anything else: which groups, versions and resources exist. The old documents
// (`APIGroupList`, `APIResourceList`) and the aggregated ones that kubectl asks for first.

import { createHash } from 'node:crypto';
import type { JsonObject } from './json.ts';
import { groupVersionOf, type KindSpec, type Subresource } from './kind.ts';

/** `/api`: the versions of the core group. */
export function apiVersions(): JsonObject {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: '127.0.0.1:6443' }],
  };
}

/** `/apis`. */
export function apiGroupList(kinds: readonly KindSpec[]): JsonObject {
  const groups = groupNames(kinds).map((group) => groupOf(group, kinds));
  return { kind: 'APIGroupList', apiVersion: 'v1', groups };
}

/** `/apis/GROUP`; undefined when no kind is in it. */
export function apiGroup(group: string, kinds: readonly KindSpec[]): JsonObject | undefined {
  if (!groupNames(kinds).includes(group)) return undefined;
  return { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(group, kinds) };
}

/** `/api/v1` or `/apis/GROUP/VERSION`; undefined when no kind is in it. */
export function apiResourceList(
  group: string,
  version: string,
  kinds: readonly KindSpec[],
): JsonObject | undefined {
  const served = kinds.filter((kind) => kind.group === group && kind.version === version);
  if (served.length === 0) return undefined;
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: groupVersionOf({ group, version }),
    resources: served.flatMap((kind) => [
      resourceOf(kind),
      ...kind.subresources.map((s) => subresourceOf(kind, s)),
    ]),
  };
}

/** `/api` or `/apis` for clients that accept `as=APIGroupDiscoveryList`. */
export function aggregatedDiscovery(
  kinds: readonly KindSpec[],
  root: '/api' | '/apis',
  version: 'v2' | 'v2beta1',
): JsonObject {
  const groups = root === '/api' ? [''] : groupNames(kinds);
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groups.map((group) => ({
      metadata: { creationTimestamp: null, ...(group === '' ? {} : { name: group }) },
      versions: versionsOf(group, kinds).map((name) => ({
        version: name,
        resources: kinds
          .filter((kind) => kind.group === group && kind.version === name)
          .map((kind) => discoveryOf(kind)),
        freshness: 'Current',
      })),
    })),
  };
}

/** Groups other than the core one, built-in order first. */
function groupNames(kinds: readonly KindSpec[]): string[] {
  return [...new Set(kinds.map((kind) => kind.group))].filter((group) => group !== '');
}

/** Versions of a group, the preferred one first: stable before beta before alpha, higher before lower. */
function versionsOf(group: string, kinds: readonly KindSpec[]): string[] {
  const names = new Set(kinds.filter((kind) => kind.group === group).map((kind) => kind.version));
  return [...names].sort(byPriority);
}

function byPriority(a: string, b: string): number {
  const x = versionRank(a);
  const y = versionRank(b);
  if (x === undefined || y === undefined) return x === y ? a.localeCompare(b) : x === undefined ? 1 : -1;
  for (const [i, part] of x.entries()) {
    const difference = (y[i] ?? 0) - part;
    if (difference !== 0) return difference;
  }
  return 0;
}

function versionRank(version: string): readonly number[] | undefined {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
  if (match === null) return undefined;
  const stability = match[2] === undefined ? 2 : match[2] === 'beta' ? 1 : 0;
  return [stability, Number(match[1]), Number(match[3] ?? 0)];
}

function groupOf(group: string, kinds: readonly KindSpec[]): JsonObject {
  const versions = versionsOf(group, kinds).map((version) => ({
    groupVersion: groupVersionOf({ group, version }),
    version,
  }));
  return { name: group, versions, preferredVersion: versions[0] };
}

function resourceOf(kind: KindSpec): JsonObject {
  return {
    name: kind.plural,
    singularName: kind.singular,
    namespaced: kind.namespaced,
    kind: kind.kind,
    verbs: kind.verbs,
    ...(kind.shortNames.length > 0 ? { shortNames: kind.shortNames } : {}),
    ...(kind.categories.length > 0 ? { categories: kind.categories } : {}),
    ...(isStored(kind) ? { storageVersionHash: storageVersionHash(kind) } : {}),
  };
}

function subresourceOf(kind: KindSpec, subresource: Subresource): JsonObject {
  const { responseKind, verbs } = behindSubresource(kind, subresource);
  const foreign = responseKind.group !== kind.group || responseKind.version !== kind.version;
  return {
    name: `${kind.plural}/${subresource}`,
    singularName: '',
    namespaced: kind.namespaced,
    ...(foreign ? { group: responseKind.group, version: responseKind.version } : {}),
    kind: responseKind.kind,
    verbs,
  };
}

function discoveryOf(kind: KindSpec): JsonObject {
  const scope = kind.namespaced ? 'Namespaced' : 'Cluster';
  return {
    resource: kind.plural,
    responseKind: { group: kind.group, version: kind.version, kind: kind.kind },
    scope,
    singularResource: kind.singular,
    verbs: kind.verbs,
    ...(kind.shortNames.length > 0 ? { shortNames: kind.shortNames } : {}),
    ...(kind.categories.length > 0 ? { categories: kind.categories } : {}),
    ...(kind.subresources.length > 0
      ? {
          subresources: kind.subresources.map((subresource) => ({
            subresource,
            ...behindSubresource(kind, subresource),
          })),
        }
      : {}),
  };
}

interface Behind {
  readonly responseKind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly verbs: readonly string[];
}

/** Which kind a subresource answers with, and which verbs it has. */
function behindSubresource(kind: KindSpec, subresource: Subresource): Behind {
  const own = { group: kind.group, version: kind.version, kind: kind.kind };
  switch (subresource) {
    case 'status':
      return { responseKind: own, verbs: ['get', 'patch', 'update'] };
    case 'scale':
      return {
        responseKind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
        verbs: ['get', 'patch', 'update'],
      };
    case 'finalize':
      return { responseKind: own, verbs: ['update'] };
    case 'token':
      return {
        responseKind: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' },
        verbs: ['create'],
      };
  }
}

function isStored(kind: KindSpec): boolean {
  return kind.verbs.includes('get');
}

function storageVersionHash(kind: KindSpec): string {
  const digest = createHash('sha256')
    .update(`${groupVersionOf(kind)}/${kind.kind}`)
    .digest();
  return digest.subarray(0, 8).toString('base64');
}
