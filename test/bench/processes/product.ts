// The webhook's own server with everything that it does for a request (view, metrics, log), over a cluster in memory and
// an API server that takes every claim at once.

import type { AllocationObject } from '../../../shared/kinds.ts';
import { Claims, tokenSource } from '../../../shared/kube/claims.ts';
import type { KubeClient, WatchEvent } from '../../../shared/kube/client.ts';
import { ALLOCATIONS } from '../../../shared/kube/resources.ts';
import { systemClock } from '../../../shared/process/clock.ts';
import { createLogger } from '../../../shared/process/log.ts';
import { createMetrics } from '../../../shared/process/metrics.ts';
import { Admission } from '../../../webhook/admit.ts';
import { buildApp } from '../../../webhook/app.ts';
import { Caches } from '../../../webhook/caches.ts';
import { webhookMetrics } from '../../../webhook/metrics.ts';
import { logAnswer } from '../../../webhook/record.ts';
import { View } from '../../../webhook/view.ts';
import { makeCluster } from '../cluster.ts';
import { published } from '../filled-view.ts';
import { nextBookmark, readOnlyClient } from '../read-only-client.ts';
import { listen } from './serving.ts';
import { serveParent } from './worker.ts';

const NOBODYS = { egressIPAM: '', cidr: '', namespace: '', claim: '' };

/** Takes every claim, and lets all of them go when told: as events of a watch, between one load and the next. */
class Claimed {
  #held: AllocationObject[] = [];
  #version = 1;
  #letGo = Promise.withResolvers<readonly AllocationObject[]>();

  take(object: object): AllocationObject {
    this.#version += 1;
    const { metadata, ...rest } = object as AllocationObject;
    const identity = {
      name: metadata.name,
      uid: `uid-${this.#version}`,
      resourceVersion: String(this.#version),
    };
    // No more of it than its DELETED event needs: an API server's memory is not the webhook's.
    this.#held.push({ spec: NOBODYS, metadata: identity });
    return { ...rest, metadata: { ...metadata, ...identity } };
  }

  /** Resolves when the caches know. */
  async clear(): Promise<void> {
    this.#letGo.resolve(this.#held);
    this.#held = [];
    await new Promise((resolve) => setTimeout(resolve, 1));
  }

  async *watch(signal?: AbortSignal): AsyncGenerator<WatchEvent<AllocationObject>> {
    let bookmark = nextBookmark<AllocationObject>(signal);
    for (;;) {
      const next = await Promise.race([this.#letGo.promise, bookmark]);
      if ('type' in next) {
        yield next;
        bookmark = nextBookmark(signal);
        continue;
      }
      for (const object of next) yield { type: 'DELETED', object };
      this.#letGo = Promise.withResolvers();
    }
  }
}

const NAMESPACE = 'egressip-ipam-operator';
const size = {
  namespaces: Number(process.argv[2]),
  nodes: Number(process.argv[3]),
  state: 'settled',
} as const;
const objects = makeCluster(size);
const claimed = new Claimed();
const reader = readOnlyClient({ ...objects, egressIPAMs: objects.egressIPAMs.map(published) });
const client: KubeClient = {
  ...reader,
  create: async (_resource, object) => claimed.take(object) as never,
  watch: (resource, from, options) =>
    resource.plural === ALLOCATIONS.plural
      ? (claimed.watch(options?.signal) as never)
      : reader.watch(resource, from, options),
};
const { now } = systemClock;
const caches = new Caches({ client, clock: systemClock, namespace: NAMESPACE, onError: () => {} });
const view = new View({
  outOfTouch: () => caches.outOfTouch(),
  observedAge: () => 0,
  inventoryMaxAge: 300_000,
});
caches.start(view);
while (caches.whyNotSynced() !== undefined) await new Promise((resolve) => setTimeout(resolve, 5));
const counted = webhookMetrics(createMetrics(), {
  silences: () => caches.silences(),
  inFlight: () => admission.inFlight,
});
const log = createLogger({ name: 'webhook', level: 'info' });
const claims = new Claims({
  client,
  newToken: tokenSource(),
  now,
  seen: (allocation) => caches.allocationSeen(allocation),
  collided: () => counted.collided(),
});
const admission = new Admission({
  view,
  claims,
  client,
  seen: (egressIPAM) => caches.egressIPAMSeen(egressIPAM),
  now,
  random: Math.random,
  ownNamespace: NAMESPACE,
  maxInFlight: 1_000,
});
const serving = await listen((servers) =>
  buildApp({
    admission,
    answered(event) {
      counted.answered(event);
      logAnswer(log, event);
    },
    onBug: (err) => log.error({ err }, 'a request could not be answered'),
    isReady: () => true,
    now,
    serverFactory: servers.create,
  }),
);
serveParent(serving, () => claimed.clear());
