// Where is a webhook? A URL is taken as it is; a service is looked up in the stored Service and EndpointSlices, whose
// ready endpoints take turns. Nobody routes service addresses on a developer's machine.
import { ENDPOINT_SLICES, SERVICES } from '../collection-key.ts';
import { fieldOf, type JsonObject, listOf, objectOf, textOf } from '../json.ts';
import type { Storage } from '../storage.ts';
import type { HookTarget } from './hooks.ts';

/** Where to connect to, and under which name. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  /** Name in the certificate; undefined for addresses. */
  readonly serverName: string | undefined;
  /** Host header and URL as messages tell it. */
  readonly authority: string;
  readonly path: string;
}

/** The service leads nowhere; the message says why, in the words of kube-apiserver. */
export class NoEndpoint extends Error {
  readonly authority: string;
  readonly path: string;

  constructor(message: string, where: Pick<Endpoint, 'authority' | 'path'>) {
    super(message);
    this.authority = where.authority;
    this.path = where.path;
  }
}

export class Endpoints {
  readonly #storage: Storage;
  readonly #turns = new Map<string, number>();

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** Throws NoEndpoint. */
  of(target: HookTarget): Endpoint {
    if ('url' in target) return fromUrl(new URL(target.url));
    const { service, namespace, path, port } = target;
    const serverName = `${service}.${namespace}.svc`;
    const where = { authority: `${serverName}:${port}`, path };
    const name = this.#portName(target, where);
    const ready = this.#addresses(service, namespace, name);
    const key = `${namespace}/${service}`;
    const turn = this.#turns.get(key) ?? 0;
    this.#turns.set(key, turn + 1);
    const address = ready[turn % ready.length];
    if (address === undefined) throw new NoEndpoint(`no endpoints available for service "${service}"`, where);
    return { ...address, serverName, ...where };
  }

  #portName(
    { service, namespace, port }: Extract<HookTarget, { service: string }>,
    where: Pick<Endpoint, 'authority' | 'path'>,
  ): string {
    const stored = this.#storage.collection(SERVICES).get(namespace, service);
    if (stored === undefined) throw new NoEndpoint(`service "${service}" not found`, where);
    const ports = listOf(fieldOf(stored.object, 'spec', 'ports')).map(objectOf);
    const found = ports.find((candidate) => candidate.port === port);
    if (found === undefined) {
      throw new NoEndpoint(`no service port ${port} found for service "${service}"`, where);
    }
    return textOf(found.name);
  }

  #addresses(service: string, namespace: string, portName: string): { host: string; port: number }[] {
    return this.#storage
      .collection(ENDPOINT_SLICES)
      .list(namespace)
      .map((version) => version.object)
      .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === service)
      .flatMap((slice) => addressesIn(slice, portName));
  }
}

function addressesIn(slice: JsonObject, portName: string): { host: string; port: number }[] {
  const ports = listOf(slice.ports).map(objectOf);
  const port = ports.find((candidate) => textOf(candidate.name) === portName)?.port;
  if (typeof port !== 'number') return [];
  return listOf(slice.endpoints)
    .filter((endpoint) => fieldOf(endpoint, 'conditions', 'ready') !== false)
    .flatMap((endpoint) => listOf(objectOf(endpoint).addresses))
    .map((host) => ({ host: textOf(host), port }));
}

function fromUrl(url: URL): Endpoint {
  const isAddress = /^[\d.]+$|^\[/.test(url.hostname);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 443 : Number(url.port),
    serverName: isAddress ? undefined : url.hostname,
    authority: url.host,
    path: `${url.pathname}${url.search}`,
  };
}
