// The webhooks there are: read out of the stored configurations, in the order in which they are asked, ready to be
// matched. Read again after a configuration has changed, not for every request.
import { collectionKey, MUTATING, VALIDATING } from '../collection-key.ts';
import { type JsonObject, listOf, objectOf, textOf } from '../json.ts';
import { compileMatchConditions, type MatchConditions } from '../match-conditions.ts';
import type { ApiObject } from '../object.ts';
import { compileLabelSelector, type Predicate } from '../selectors.ts';
import type { Storage } from '../storage.ts';

/** One entry of a webhook configuration. */
export interface Hook {
  readonly name: string;
  readonly rules: readonly HookRule[];
  readonly selectsNamespace: Predicate;
  readonly selectsObject: Predicate;
  readonly conditions: MatchConditions;
  readonly failurePolicy: 'Fail' | 'Ignore';
  readonly timeoutSeconds: number;
  readonly reinvocationPolicy: 'Never' | 'IfNeeded';
  /** Whether it may be asked about requests that are not carried out. */
  readonly dryRun: 'supported' | 'unsupported';
  readonly target: HookTarget;
  /** PEM; undefined: the system's roots. */
  readonly ca: string | undefined;
}

export interface HookRule {
  readonly operations: readonly string[];
  readonly apiGroups: readonly string[];
  readonly apiVersions: readonly string[];
  readonly resources: readonly string[];
  readonly scope: string;
}

export type HookTarget =
  | { readonly url: string }
  | { readonly service: string; readonly namespace: string; readonly path: string; readonly port: number };

/** The hooks of one configuration kind, kept up to date. */
export class Hooks {
  readonly #storage: Storage;
  readonly #collection: string;
  #hooks: readonly Hook[] | undefined;

  constructor(storage: Storage, kind: 'mutating' | 'validating') {
    this.#storage = storage;
    this.#collection = kind === 'mutating' ? MUTATING : VALIDATING;
    storage.collection(this.#collection).listen(() => {
      this.#hooks = undefined;
    });
  }

  /** By name of the configuration, then in its order. */
  get all(): readonly Hook[] {
    this.#hooks ??= this.#storage
      .collection(this.#collection)
      .list()
      .flatMap(({ object }) => hooksOf(object));
    return this.#hooks;
  }
}

/** Configurations themselves are never subject to webhooks: a broken one could not be mended. */
export function isConfiguration(group: string, plural: string): boolean {
  const key = collectionKey(group, plural);
  return key === MUTATING || key === VALIDATING;
}

function hooksOf(configuration: ApiObject): Hook[] {
  return listOf(configuration.webhooks).map((entry) => hookOf(objectOf(entry)));
}

function hookOf(entry: JsonObject): Hook {
  const client = objectOf(entry.clientConfig);
  const ca = textOf(client.caBundle);
  return {
    name: textOf(entry.name),
    rules: listOf(entry.rules).map((rule) => ruleOf(objectOf(rule))),
    selectsNamespace: selector(entry.namespaceSelector),
    selectsObject: selector(entry.objectSelector),
    conditions: conditionsOf(entry.matchConditions),
    failurePolicy: entry.failurePolicy === 'Ignore' ? 'Ignore' : 'Fail',
    timeoutSeconds: typeof entry.timeoutSeconds === 'number' ? entry.timeoutSeconds : 10,
    reinvocationPolicy: entry.reinvocationPolicy === 'IfNeeded' ? 'IfNeeded' : 'Never',
    dryRun: NO_EFFECT.has(textOf(entry.sideEffects)) ? 'supported' : 'unsupported',
    target: targetOf(client),
    ca: ca === '' ? undefined : Buffer.from(ca, 'base64').toString(),
  };
}

const NO_EFFECT: ReadonlySet<string> = new Set(['None', 'NoneOnDryRun']);

function ruleOf(rule: JsonObject): HookRule {
  const texts = (field: string) => listOf(rule[field]).map(textOf);
  return {
    operations: texts('operations'),
    apiGroups: texts('apiGroups'),
    apiVersions: texts('apiVersions'),
    resources: texts('resources'),
    scope: textOf(rule.scope) || '*',
  };
}

/** An absent selector selects everything here, unlike elsewhere. */
function selector(value: unknown): Predicate {
  const compiled = compileLabelSelector(value ?? {});
  return compiled.ok ? compiled.value : () => false;
}

// Validated when the configuration was written.
function conditionsOf(value: unknown): MatchConditions {
  const compiled = compileMatchConditions(value);
  return compiled.ok ? compiled.value : { matches: () => ({ ok: false, message: compiled.message }) };
}

function targetOf(client: JsonObject): HookTarget {
  if (typeof client.url === 'string') return { url: client.url };
  const service = objectOf(client.service);
  return {
    service: textOf(service.name),
    namespace: textOf(service.namespace),
    path: textOf(service.path) || '/',
    port: typeof service.port === 'number' ? service.port : 443,
  };
}
