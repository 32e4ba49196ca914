// Asks the webhooks: the mutating ones one after the other, each about what its predecessors made of the object, then the
// validating ones all at once. Failures of a webhook are a refusal or are passed over, as its failure policy says.
import { randomUUID } from 'node:crypto';
import type { Admission, AdmissionAttributes } from '../cluster.ts';
import { conformAdmitted } from '../decode.ts';
import { equal } from '../json.ts';
import { applyAdmissionPatch } from '../json-patch.ts';
import type { ApiObject } from '../object.ts';
import { badRequest, internalError, Refusal, timedOut } from '../status.ts';
import type { Storage } from '../storage.ts';
import { CallFailure, urlOf, WebhookCaller } from './call.ts';
import { Endpoints, NoEndpoint } from './endpoint.ts';
import { type Hook, Hooks, isConfiguration } from './hooks.ts';
import { wants } from './match.ts';
import { admissionReview, denial, UnusablePatch, type Verdict, verdictOf } from './review.ts';

type Phase = 'mutating' | 'validating';

export class WebhookAdmission implements Admission {
  readonly #storage: Storage;
  readonly #mutating: Hooks;
  readonly #validating: Hooks;
  readonly #endpoints: Endpoints;
  readonly #caller = new WebhookCaller();

  constructor(storage: Storage) {
    this.#storage = storage;
    this.#mutating = new Hooks(storage, 'mutating');
    this.#validating = new Hooks(storage, 'validating');
    this.#endpoints = new Endpoints(storage);
  }

  async mutate(
    attributes: AdmissionAttributes,
    object: ApiObject | undefined,
  ): Promise<ApiObject | undefined> {
    const hooks = this.#hooksFor(this.#mutating, attributes);
    if (hooks.length === 0) return object;
    const first = await this.#round(hooks, attributes, object);
    // Once more those that ask for it and that somebody after them has changed the object for.
    const again = first.outdated.filter((hook) => hook.reinvocationPolicy === 'IfNeeded');
    const last = again.length === 0 ? first : await this.#round(again, attributes, first.object);
    return last.object;
  }

  async validate(attributes: AdmissionAttributes, object: ApiObject | undefined): Promise<void> {
    const asked = this.#hooksFor(this.#validating, attributes).filter((hook) =>
      wants(hook, attributes, object, this.#storage),
    );
    const outcomes = await Promise.allSettled(
      asked.map((hook) => this.#ask(hook, attributes, object, 'validating')),
    );
    // In the order of the hooks, so that the same fault always gives the same answer.
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  close(): void {
    this.#caller.close();
  }

  #hooksFor(hooks: Hooks, { request }: AdmissionAttributes): readonly Hook[] {
    const { group, plural } = request.kind.spec;
    return isConfiguration(group, plural) ? [] : hooks.all;
  }

  async #round(
    hooks: readonly Hook[],
    attributes: AdmissionAttributes,
    object: ApiObject | undefined,
  ): Promise<{ object: ApiObject | undefined; outdated: readonly Hook[] }> {
    let current = object;
    let outdated: Hook[] = [];
    const asked: Hook[] = [];
    for (const hook of hooks) {
      if (!wants(hook, attributes, current, this.#storage)) continue;
      const verdict = await this.#ask(hook, attributes, current, 'mutating');
      const changed = verdict === undefined ? current : patched(hook, attributes, current, verdict);
      if (!equal(changed, current)) outdated = [...asked];
      asked.push(hook);
      current = changed;
    }
    return { object: current, outdated };
  }

  /** undefined: the webhook failed and is passed over. */
  async #ask(
    hook: Hook,
    attributes: AdmissionAttributes,
    object: ApiObject | undefined,
    phase: Phase,
  ): Promise<Verdict | undefined> {
    const { request } = attributes;
    if (attributes.dryRun && hook.dryRun === 'unsupported') {
      throw badRequest(`admission webhook "${hook.name}" does not support dry run`);
    }
    const verdict = await this.#verdict(hook, attributes, object, phase).catch((error: unknown) => {
      if (!(error instanceof CallFailure)) throw error;
      if (performance.now() >= request.deadline) throw timedOut();
      if (hook.failurePolicy === 'Ignore') return undefined;
      throw internalError(`failed calling webhook "${hook.name}": ${error.message}`);
    });
    request.warnings.push(...(verdict?.warnings ?? []));
    if (verdict?.allowed === false) throw denial(hook.name, verdict.status);
    return verdict;
  }

  async #verdict(
    hook: Hook,
    attributes: AdmissionAttributes,
    object: ApiObject | undefined,
    phase: Phase,
  ): Promise<Verdict> {
    const uid = randomUUID();
    const body = JSON.stringify(admissionReview(attributes, uid, object));
    const answer = await this.#call(hook, attributes, body);
    try {
      return verdictOf(answer, uid, phase);
    } catch (error) {
      if (error instanceof UnusablePatch) throw new CallFailure(error.message);
      throw new CallFailure(`received invalid webhook response: ${(error as Error).message}`);
    }
  }

  async #call(hook: Hook, { request }: AdmissionAttributes, body: string): Promise<unknown> {
    const milliseconds = Math.min(hook.timeoutSeconds * 1000, request.deadline - performance.now());
    // The webhook is told what is left of the request's time, too, in whole seconds.
    const seconds = Math.max(1, Math.ceil(milliseconds / 1000));
    try {
      const endpoint = this.#endpoints.of(hook.target);
      return await this.#caller.call(endpoint, hook.ca, { seconds, milliseconds }, body);
    } catch (error) {
      const { message } = error as Error;
      const why = error instanceof NoEndpoint ? `Post "${urlOf(error, seconds)}": ${message}` : message;
      throw new CallFailure(`failed to call webhook: ${why}`, { cause: error });
    }
  }
}

/** A patch that does not apply is an error whatever the failure policy. */
function patched(
  hook: Hook,
  { request }: AdmissionAttributes,
  object: ApiObject | undefined,
  { patch }: Verdict,
): ApiObject | undefined {
  if (patch.length === 0) return object;
  if (object === undefined) {
    const what = 'attempted to modify the object, which is not supported for this operation';
    throw internalError(`admission webhook "${hook.name}" ${what}`);
  }
  const result = applyAdmissionPatch(object, patch);
  if (!result.ok) throw internalError(result.message);
  try {
    return conformAdmitted(request.kind, result.value);
  } catch (error) {
    throw error instanceof Refusal ? internalError(error.message) : error;
  }
}
