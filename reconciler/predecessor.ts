// Is the Go operator that we replace still at work on this cluster? Two of us would undo each other's work, so as long as
// it renews its leader lock we do nothing but say so. It keeps that lock in a ConfigMap, as operators of its time did.
import type { KubeObject } from '../shared/kinds.ts';
import { isApiError, type KubeClient } from '../shared/kube/client.ts';
import type { Resource } from '../shared/kube/resources.ts';

const CONFIG_MAPS: Resource = {
  group: '',
  version: 'v1',
  plural: 'configmaps',
  kind: 'ConfigMap',
  namespaced: true,
};
/** Source: `LeaderElectionID` in the operator's main.go. */
const LOCK = '9ae943bf.redhat.io';
const RECORD_ANNOTATION = 'control-plane.alpha.kubernetes.io/leader';
/** Its lease holds 15 s; a record that has stood still for twice that is nobody's. */
const SILENT_AFTER = 30_000;

export interface PredecessorOptions {
  readonly client: Pick<KubeClient, 'get'>;
  /** Where the Go operator ran; by default that is our namespace, too. */
  readonly namespace: string;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

export class Predecessor {
  readonly #options: PredecessorOptions;
  #seen: { readonly record: string; readonly at: number } | undefined;

  constructor(options: PredecessorOptions) {
    this.#options = options;
  }

  /** Whether its lock was renewed lately, on our clock; a lock seen for the first time counts as just renewed. */
  async isAlive(): Promise<boolean> {
    const { client, namespace, now } = this.#options;
    const lock = await this.#read(() => client.get(CONFIG_MAPS, LOCK, { namespace }));
    const record = lock?.metadata.annotations?.[RECORD_ANNOTATION];
    if (record === undefined) return false;
    if (this.#seen?.record !== record) this.#seen = { record, at: now() };
    return now() - this.#seen.at < SILENT_AFTER;
  }

  /** A role without this permission is from before we asked, or somebody's choice: then nobody can be seen. */
  async #read(get: () => Promise<KubeObject | undefined>): Promise<KubeObject | undefined> {
    try {
      return await get();
    } catch (error) {
      if (isApiError(error, 'forbidden')) return undefined;
      throw error;
    }
  }
}
