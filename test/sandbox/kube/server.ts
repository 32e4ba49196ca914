// A stand-in for kube-apiserver, in this process: started, it listens on loopback with a certificate of its own CA.
// Composes the parts and nothing else.

import { issueCA, issueServing } from '../../../certs/issue.ts';
import type { KubeObject } from '../../../shared/kinds.ts';
import type { KubeClient } from '../../../shared/kube/client.ts';
import type { Resource } from '../../../shared/kube/resources.ts';
import { WebhookAdmission } from './admission/admission.ts';
import { AuditLog } from './audit.ts';
import { Authorizer } from './authorizer.ts';
import { bootstrap } from './bootstrap.ts';
import { localClient } from './client.ts';
import { startCrdController } from './controllers/definitions.ts';
import { startNamespaceController } from './controllers/namespaces.ts';
import type { Services } from './dispatch.ts';
import { FaultInjector, type Faults } from './faults.ts';
import { Listener } from './http/listener.ts';
import { kubeconfigFor } from './kubeconfig.ts';
import { Registry } from './registry.ts';
import { restore } from './restore.ts';
import { Snapshots } from './snapshots.ts';
import { Storage } from './storage.ts';
import { Users } from './users.ts';
import { builtinsOf } from './versions.ts';

export interface KubeApiOptions {
  /** 0, the default: the kernel's choice. */
  readonly port?: number;
  /** How long a request may take, webhooks included; 60 s as kube-apiserver. */
  readonly requestTimeoutMs?: number;
  /** Which Kubernetes 1.x it says it is. */
  readonly minorVersion?: number;
  /** Whether deleted namespaces are emptied and finished, as in a cluster with controllers; true by default. */
  readonly namespaceController?: boolean;
  readonly now?: () => Date;
  /** How many changes of each collection can be watched from the past. */
  readonly watchHistory?: number;
}

export interface KubeApi {
  /** `https://127.0.0.1:PORT` */
  readonly url: string;
  /** PEM. */
  readonly ca: string;
  /** In process, as system:masters, without HTTP: same handlers, same admission, same validation. */
  readonly client: KubeClient;
  readonly audit: AuditLog;
  readonly faults: Faults;
  /** See restore.ts. */
  restore<T extends KubeObject>(resource: Resource<T>, objects: readonly object[]): readonly T[];
  /** How many watches each user has open over HTTPS. */
  openWatches(): Readonly<Record<string, number>>;
  addUser(user: { token: string; name: string; groups?: readonly string[] }): void;
  /** YAML for a user of that token. */
  kubeconfig(token: string): string;
  close(): Promise<void>;
}

const FIRST_REVISION = 100;
const REQUEST_TIMEOUT = 60_000;
const MINOR_VERSION = 32;
const WATCH_HISTORY = 20_000;
const AUDIT_CAPACITY = 100_000;
const CERTIFICATE_LIFE = 365 * 24 * 3_600_000;

/** Listens when it resolves. */
export async function startKubeApi(options: KubeApiOptions = {}): Promise<KubeApi> {
  const now = options.now ?? (() => new Date());
  const services = servicesFor(options, now);
  const { storage, snapshots } = services.cluster;
  startCrdController(storage, now);
  const client = localClient(services);
  await bootstrap(client);
  const stopController =
    options.namespaceController === false ? () => {} : startNamespaceController(services);

  const { ca, cert, key } = certificates();
  const injector = new FaultInjector();
  const listener = new Listener(services, injector, { cert, key });
  const url = `https://127.0.0.1:${await listener.listen(options.port ?? 0)}`;
  const forgetWatchHistory = () => {
    storage.forgetHistory();
    snapshots.forget();
  };
  return {
    url,
    ca,
    client,
    audit: services.audit,
    faults: {
      add: (fault) => injector.add(fault),
      clear: () => injector.clear(),
      forgetWatchHistory,
      cutConnections: () => listener.cutConnections(),
      muteWatches: () => listener.muteWatches(),
      restart() {
        forgetWatchHistory();
        listener.cutConnections();
      },
    },
    restore: (resource, objects) => restore(services.cluster, resource, objects),
    openWatches: () => listener.openWatches(),
    addUser: (user) => services.users.add(user),
    kubeconfig: (token) =>
      kubeconfigFor({ url, ca, token, user: services.users.byToken(token)?.name ?? 'user' }),
    async close() {
      stopController();
      await listener.close();
      await services.admission.close();
    },
  };
}

function servicesFor(options: KubeApiOptions, now: () => Date): Services & { admission: WebhookAdmission } {
  const storage = new Storage({
    firstRevision: FIRST_REVISION,
    watchHistory: options.watchHistory ?? WATCH_HISTORY,
  });
  const admission = new WebhookAdmission(storage);
  const minorVersion = options.minorVersion ?? MINOR_VERSION;
  const registry = new Registry(storage, builtinsOf(minorVersion));
  return {
    admission,
    cluster: { storage, registry, snapshots: new Snapshots(), admission, now },
    authorizer: new Authorizer(storage),
    users: new Users(),
    audit: new AuditLog(AUDIT_CAPACITY),
    requestTimeoutMs: options.requestTimeoutMs ?? REQUEST_TIMEOUT,
    minorVersion,
  };
}

// Real time, also where the API server is given another: clients check certificates against theirs.
function certificates(): { ca: string; cert: string; key: string } {
  const validity = { validFor: CERTIFICATE_LIFE, now: new Date() };
  const ca = issueCA({ commonName: 'sandbox-kube-apiserver-ca', ...validity });
  const serving = issueServing(ca, {
    commonName: 'sandbox-kube-apiserver',
    dnsNames: ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'],
    ipAddresses: ['127.0.0.1'],
    ...validity,
  });
  return { ca: ca.cert, cert: serving.cert, key: serving.key };
}
