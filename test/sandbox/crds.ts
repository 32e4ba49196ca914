// The manifests of the kinds that OpenShift brings along, for whoever installs them: the sandbox, and suites that run on
// another API server.
import { readdir, readFile } from 'node:fs/promises';
import { load } from 'js-yaml';
import type { Resource } from '../../shared/kube/resources.ts';

export const CRDS: Resource = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};

/** HostSubnet, NetNamespace, Infrastructure, CloudPrivateIPConfig. */
export async function openShiftCrds(): Promise<readonly object[]> {
  const folder = new URL('./sdn/crds/', import.meta.url);
  const names = (await readdir(folder)).filter((name) => name.endsWith('.yaml')).sort();
  return Promise.all(
    names.map(async (name) => load(await readFile(new URL(name, folder), 'utf8')) as object),
  );
}
