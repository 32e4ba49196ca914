// EC2 over HTTP: lets a call in (credentials, throttling, permission, faults), has it carried out, counts and logs it.
import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Account } from './account.ts';
import type { Call } from './actions.ts';
import { ACTIONS } from './actions.ts';
import type { Answer } from './errors.ts';
import { AUTH_FAILURE, DRY_RUN, ec2Error, LIMIT_EXCEEDED, refuse, UNAUTHORIZED } from './errors.ts';
import { Faults } from './faults.ts';
import type { Xml } from './protocol.ts';
import { encodeAnswer, encodeError, Form } from './protocol.ts';
import type { Bucket } from './throttle.ts';
import { Buckets, usualBucket } from './throttle.ts';

export interface Ec2Options {
  /** 0 or none: the kernel chooses. */
  readonly port?: number;
  /** Milliseconds that every call takes. */
  readonly latencyMs?: number;
  /** Milliseconds by which describes lag behind writes. */
  readonly lagMs?: number;
  /** Milliseconds that an address that is moved stays where it was. */
  readonly remapMs?: number;
  /** `real`: token buckets as AWS documents them. Or buckets by action; actions without one are not throttled. */
  readonly buckets?: 'real' | Readonly<Record<string, Bucket>>;
  /** Decides the order of results. */
  readonly seed?: string;
  /** The only access key that is accepted; any, if absent. */
  readonly accessKeyId?: string;
  /** Milliseconds. */
  readonly now?: () => number;
}

export interface Ec2 {
  readonly url: string;
  readonly model: Account;
  readonly faults: Faults;
  /** The latest calls as sentences: action, parameters, outcome. */
  readonly log: readonly string[];
  /** Calls received by action, whatever became of them. */
  counts(): Record<string, number>;
  close(): Promise<void>;
}

const LOG_LENGTH = 10_000;

export async function startEc2(options: Ec2Options = {}): Promise<Ec2> {
  const now = options.now ?? Date.now;
  const desk = new Desk(options, now);
  const server = createServer((request, response) => {
    desk.serve(request, response).catch(() => response.destroy());
  });
  server.keepAliveTimeout = 60_000;
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    model: desk.account,
    faults: desk.faults,
    log: desk.log,
    counts: () => Object.fromEntries([...desk.counts].sort(([a], [b]) => (a < b ? -1 : 1))),
    close: () => close(server),
  };
}

/** Takes calls in; what outlives a call is here. */
class Desk {
  readonly account: Account;
  readonly faults = new Faults();
  readonly log: string[] = [];
  readonly counts = new Map<string, number>();
  readonly #options: Ec2Options;
  readonly #buckets: Buckets;
  #served = 0;

  constructor(options: Ec2Options, now: () => number) {
    this.#options = options;
    this.#buckets = new Buckets(now);
    this.account = new Account(now);
    this.account.lagMs = options.lagMs ?? 0;
    this.account.remapMs = options.remapMs ?? 0;
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = new Form(await readBody(request));
    const action = form.text('Action') ?? '';
    this.#served += 1;
    this.counts.set(action, (this.counts.get(action) ?? 0) + 1);
    const requestId = requestIdOf(this.#served);
    const read = this.#read(request, action, form);
    const latency = (this.#options.latencyMs ?? 0) + this.faults.latencyOf(action);
    if (latency > 0) await delay(latency);
    const fault = read.ok ? this.faults.next(action) : undefined;
    if (fault?.kind === 'cut') return this.#hangUp(response, action, read, 'cut before anything was done');
    const result = fault?.kind === 'fail' ? refuse(fault.error) : read.ok ? read.value.run() : read;
    if (fault?.kind === 'lose')
      return this.#hangUp(response, action, read, `${outcome(result)}, answer lost`);
    this.#note(action, read, outcome(result));
    response.writeHead(result.ok ? 200 : result.error.httpStatus, {
      'content-type': 'text/xml;charset=UTF-8',
    });
    const text = result.ok
      ? encodeAnswer(action, requestId, result.value)
      : encodeError(requestId, result.error);
    response.end(text);
  }

  /** The call, or why it is not let in. */
  #read(request: IncomingMessage, action: string, form: Form): Answer<Call> {
    if (!this.#knows(request.headers.authorization)) return refuse(AUTH_FAILURE);
    if (action === '')
      return refuse(ec2Error('MissingAction', 'The request must contain the parameter Action'));
    const read = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
    if (read === undefined) {
      return refuse(ec2Error('InvalidAction', `The action ${action} is not valid for this web service.`));
    }
    const call = read(this.account, form, `${this.#options.seed ?? 'seed'} ${this.#served}`);
    if (!this.#hasToken(action, call)) return refuse(LIMIT_EXCEEDED);
    if (this.faults.isDenied(action)) return refuse(UNAUTHORIZED);
    const unknown = form.unread();
    if (unknown !== undefined) {
      return refuse(ec2Error('UnknownParameter', `The parameter ${unknown} is not recognized`));
    }
    // (*) a dry run is answered before ids and addresses are looked at
    return { ok: true, value: call.dryRun ? { ...call, run: () => refuse(DRY_RUN) } : call };
  }

  /** Signatures are not verified, but a call has to be signed. */
  #knows(authorization: string | undefined): boolean {
    const key = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/\d{8}\/[^/]+\/ec2\/aws4_request/.exec(
      authorization ?? '',
    )?.[1];
    return key !== undefined && (this.#options.accessKeyId ?? key) === key;
  }

  #hasToken(action: string, call: Call): boolean {
    const { buckets } = this.#options;
    if (buckets === undefined) return true;
    const kind = call.unfiltered ? 'unfiltered' : 'filtered';
    const bucket = buckets === 'real' ? usualBucket(action, kind) : buckets[action];
    return bucket === undefined || this.#buckets.take(`${action} ${bucket.capacity}`, bucket);
  }

  #hangUp(response: ServerResponse, action: string, read: Answer<Call>, ending: string): void {
    this.#note(action, read, ending);
    response.destroy();
  }

  #note(action: string, read: Answer<Call>, ending: string): void {
    const sentence = read.ok && read.value.sentence !== '' ? ` ${read.value.sentence}` : '';
    this.log.push(`${action}${sentence}: ${ending}`);
    if (this.log.length > LOG_LENGTH) this.log.splice(0, this.log.length - LOG_LENGTH);
  }
}

function outcome(result: Answer<Readonly<Record<string, Xml>>>): string {
  return result.ok ? 'done' : result.error.code;
}

function requestIdOf(n: number): string {
  return `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function close(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
}
