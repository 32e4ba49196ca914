// The Kubernetes client of a leader: a write starts only while the lease outlasts the write's own time limit, so that
// nothing of a replica that has lost the lead can still arrive while another one writes.
import type { CallOptions, KubeClient } from '../shared/kube/client.ts';
import { Stale } from './stale.ts';

/** Wraps `client`; `covers` says whether a write that ends within so many milliseconds ends while we lead. */
export function leasedClient(
  client: KubeClient,
  covers: (deadline: number) => boolean,
  timeout: number,
): KubeClient {
  const limited = <O extends CallOptions>(options: O | undefined): O & { timeout: number } => {
    const limit = options?.timeout ?? timeout;
    if (!covers(limit)) throw new Stale('the lease ends before this write could');
    return { ...(options as O), timeout: limit };
  };
  return {
    get: (resource, name, options) => client.get(resource, name, options),
    list: (resource, options) => client.list(resource, options),
    watch: (resource, from, options) => client.watch(resource, from, options),
    create: async (resource, object, options) => await client.create(resource, object, limited(options)),
    replace: async (resource, object, options) => await client.replace(resource, object, limited(options)),
    patch: async (resource, name, type, patch, options) =>
      await client.patch(resource, name, type, patch, limited(options)),
    delete: async (resource, name, preconditions, options) =>
      await client.delete(resource, name, preconditions, limited(options)),
  };
}
