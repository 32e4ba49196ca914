// One client of the race: carries out what it is asked, on connections of its own, and comes back as kubectl does until it
// has an answer that counts. Remembers what it was told, for the checks.
import { setTimeout as delay } from 'node:timers/promises';
import type { NamespaceObject } from '../../shared/kinds.ts';
import { ApiError, isApiError } from '../../shared/kube/client.ts';
import { type Connection, connect } from '../../shared/kube/connection.ts';
import type { KubeConfig } from '../../shared/kube/kubeconfig.ts';
import { NAMESPACES } from '../../shared/kube/resources.ts';
import { EGRESSIPAM_ANNOTATION, EGRESSIPS_ANNOTATION } from '../../shared/names.ts';
import { RawApi } from '../e2e/raw-api.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { EGRESSIPAM } from './pools.ts';
import type { Ask } from './requests.ts';

/** A refusal that counts, of what was asked. */
export interface Refusal {
  readonly list: string | undefined;
  readonly message: string;
}

/** What came of one request in the end. */
export interface Told {
  readonly ask: Ask;
  /** `taken`: somebody else created a namespace of that name; `none`: refused, or only shown; `unknown`: it gave up. */
  readonly became: 'created' | 'taken' | 'none' | 'unknown';
  /** As the API server made it up, if need be. */
  readonly name: string;
  /** The list that was asked for last and so was granted; undefined when any would do. */
  readonly asked: string | undefined;
  /** The list in the answer. */
  readonly list: string | undefined;
  readonly refusals: readonly Refusal[];
}

/** What happened on the way, summed over all clients. */
export interface Tally {
  requests: number;
  hungUp: number;
  lostAnswers: number;
  postponed: number;
}

interface Created {
  readonly kind: 'created' | 'taken';
  readonly object: NamespaceObject | undefined;
}

type Reply = Created | { readonly kind: 'refused'; readonly message: string };

/** How often it comes back after answers that do not count. */
const TRIES = 60;
const PATIENCE = 30_000;
/** How soon a client may hang up, milliseconds. */
const LONGEST_UNTIL_HANG_UP = 60;
const PAUSE_AFTER_LOSS = 50;

export class RaceClient {
  readonly #connection: Connection;
  readonly #raw: RawApi;
  readonly #random: SeededRandom;
  readonly #another: (ask: Ask) => string;
  readonly #tally: Tally;

  /** `another` names an IP to change to. */
  constructor(
    config: KubeConfig,
    random: SeededRandom,
    terms: { readonly another: (ask: Ask) => string; readonly tally: Tally },
  ) {
    this.#connection = connect(config, { userAgent: 'egressip-ipam-race', timeout: PATIENCE });
    this.#raw = new RawApi(config);
    this.#random = random;
    this.#another = terms.another;
    this.#tally = terms.tally;
  }

  async close(): Promise<void> {
    await Promise.all([this.#connection.close(), this.#raw.close()]);
  }

  /** Creates the namespace that is asked for; without a list, when the one that it names is refused. */
  async carryOut(ask: Ask): Promise<Told> {
    const refusals: Refusal[] = [];
    try {
      return await this.#createOrGiveIn(ask, refusals);
    } catch (error) {
      if (!isApiError(error)) throw error;
      const last = { list: undefined, message: error.message };
      return { ask, became: 'unknown', name: '', asked: undefined, list: undefined, refusals: [last] };
    }
  }

  async #createOrGiveIn(ask: Ask, refusals: Refusal[]): Promise<Told> {
    for (let list = ask.list; ; list = undefined) {
      const reply = await this.#create(ask, list);
      if (reply.kind !== 'refused') return await this.#follow(ask, list, refusals, reply);
      refusals.push({ list, message: reply.message });
      const mayGoOn = list !== undefined && ask.mode === 'create' && ask.wish === 'possible';
      if (!mayGoOn) return { ask, became: 'none', name: '', asked: list, list: undefined, refusals };
    }
  }

  async #follow(ask: Ask, asked: string | undefined, refusals: Refusal[], reply: Created): Promise<Told> {
    const list = listIn(reply.object);
    const name = reply.object?.metadata.name ?? '';
    if (ask.mode === 'dryRun') return { ask, became: 'none', name: '', asked, list, refusals };
    const told: Told = { ask, became: reply.kind, name, asked, list, refusals };
    if (reply.kind === 'taken' || list === undefined) return told;
    if (ask.twist === 'changesIP') return await this.#change(told, list);
    if (ask.twist === 'deleted') await this.#persist(() => this.#connection.delete(NAMESPACES, name, {}));
    return told;
  }

  /** Names another IP of the first CIDR and leaves the others. */
  async #change(told: Told, list: string): Promise<Told> {
    const asked = [this.#another(told.ask), ...list.split(',').slice(1)].join(',');
    const patch = { metadata: { annotations: { [EGRESSIPS_ANNOTATION]: asked } } };
    const type = 'application/merge-patch+json';
    try {
      const object = await this.#persist(() => this.#connection.patch(NAMESPACES, told.name, type, patch));
      return { ...told, asked, list: listIn(object) };
    } catch (error) {
      if (!isApiError(error, 'invalid')) throw error;
      return { ...told, refusals: [...told.refusals, { list: asked, message: error.message }] };
    }
  }

  async #create(ask: Ask, list: string | undefined): Promise<Reply> {
    const object = namespace(ask, list);
    let isMine = false;
    for (let tries = 1; ; tries++) {
      const hangsUp = ask.twist === 'hangsUp' && tries === 1;
      try {
        return { kind: 'created', object: await this.#post(ask, object, hangsUp) };
      } catch (error) {
        if (!isApiError(error) || tries >= TRIES) throw error;
        if (error.code === 'alreadyExists') {
          const stored = await this.#persist(() => this.#connection.get(NAMESPACES, ask.name));
          return { kind: isMine && !ask.isTwin ? 'created' : 'taken', object: stored };
        }
        if (error.code === 'invalid') return { kind: 'refused', message: error.message };
        if (hangsUp) this.#tally.hungUp += 1;
        isMine ||= error.code === 'unavailable' && error.retryAfterSeconds === undefined;
        await this.#pause(error);
      }
    }
  }

  async #post(ask: Ask, object: object, hangsUp: boolean): Promise<NamespaceObject> {
    this.#tally.requests += 1;
    if (ask.mode === 'dryRun') return await this.#show(object);
    const timeout = hangsUp ? 1 + this.#random.below(LONGEST_UNTIL_HANG_UP) : PATIENCE;
    return await this.#connection.create(NAMESPACES, object, { timeout });
  }

  async #show(object: object): Promise<NamespaceObject> {
    try {
      const { body } = await this.#raw.request('POST', '/api/v1/namespaces?dryRun=All', object);
      return body as NamespaceObject;
    } catch (error) {
      if (isApiError(error)) throw error;
      throw new ApiError('unavailable', 'the dry run was not answered', { cause: error });
    }
  }

  /** For what may be asked again and again. */
  async #persist<T>(attempt: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        this.#tally.requests += 1;
        return await attempt();
      } catch (error) {
        if (!isApiError(error, 'unavailable', 'throttled', 'conflict') || tries >= TRIES) throw error;
        await this.#pause(error);
      }
    }
  }

  /** As long as the answer asks for; for a moment when there was none. */
  async #pause({ retryAfterSeconds }: ApiError): Promise<void> {
    this.#tally[retryAfterSeconds === undefined ? 'lostAnswers' : 'postponed'] += 1;
    await delay(retryAfterSeconds === undefined ? PAUSE_AFTER_LOSS : retryAfterSeconds * 1000);
  }
}

/** The annotation's text. */
export function listIn(object: NamespaceObject | undefined): string | undefined {
  return object?.metadata.annotations?.[EGRESSIPS_ANNOTATION];
}

function namespace({ name, twist }: Ask, list: string | undefined): object {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      ...(name === '' ? { generateName: 'race-made-' } : { name }),
      ...(twist === 'cannotBeStored' ? { labels: { team: 'no label value!' } } : {}),
      annotations: {
        [EGRESSIPAM_ANNOTATION]: EGRESSIPAM,
        ...(list === undefined ? {} : { [EGRESSIPS_ANNOTATION]: list }),
      },
    },
  };
}
