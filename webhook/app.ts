// How does an AdmissionReview come in and its answer go out? HTTP alone: whatever happens, the answer is an AdmissionReview
// with status 200, since everything else reaches the user as a failure of the webhook. Bodies are never logged.
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerFactory,
} from 'fastify';
import { parseDuration } from '../shared/duration.ts';
import { glance } from './glance.ts';
import { type AdmissionRequest, type Answer, decodeReview, encodeAnswer, NOBODY } from './review.ts';

/** One answer given; there is no request when it could not be read. */
export interface Answered {
  readonly webhook: 'namespaces' | 'egressipams';
  readonly request: AdmissionRequest | undefined;
  readonly answer: Answer;
  readonly seconds: number;
}

export interface AppOptions {
  readonly admission: {
    namespace(request: AdmissionRequest, deadline: number): Answer | Promise<Answer>;
    egressIPAM(request: AdmissionRequest): Answer | Promise<Answer>;
  };
  readonly answered: (event: Answered) => void;
  /** Told of bugs: what was thrown, never what was asked. */
  readonly onBug: (error: unknown) => void;
  readonly isReady: () => boolean;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Plain HTTP without it. */
  readonly serverFactory?: FastifyServerFactory;
}

/** The old and the new object, each as large as an API server takes, and what is around them. */
const BODY_LIMIT = 7 * 1024 * 1024;
/** An API server keeps idle connections for 90 s; whoever closes first must not be us. */
const KEEP_ALIVE = 120_000;
const JSON_TYPE = 'application/json; charset=utf-8';
const DEFAULT_TIMEOUT = 10_000;
const LONGEST_TIMEOUT = 30_000;

/** The server's routes, not listening yet. */
export function buildApp(options: AppOptions): FastifyInstance {
  const app = Fastify({
    bodyLimit: BODY_LIMIT,
    forceCloseConnections: 'idle',
    // While we drain, whoever still comes over a kept connection is answered like everybody else.
    return503OnClosing: false,
    logger: false,
    ...(options.serverFactory === undefined ? {} : { serverFactory: options.serverFactory }),
  });
  // Not an option of fastify's: it does not reach servers that it did not make.
  app.server.keepAliveTimeout = KEEP_ALIVE;
  app.removeAllContentTypeParsers();
  // Text, whatever it calls itself; the codec parses it, once. The first is what API servers send.
  for (const type of ['application/json', '*']) {
    app.addContentTypeParser(type, { parseAs: 'string' }, (_request, body, done) => done(null, body));
  }
  const { admission } = options;
  const timeFor = timeReader();
  let closing = false;
  app.addHook('preClose', (done) => {
    closing = true;
    done();
  });
  const stage = { ...options, answered: afterAll(options), isClosing: () => closing };
  app.post<Posted>('/mutate/namespaces', (request, reply) =>
    handle(request, reply, 'namespaces', stage, (review, started) =>
      admission.namespace(review, started + timeFor(request.query.timeout)),
    ),
  );
  app.post<Posted>('/validate/egressipams', (request, reply) =>
    handle(request, reply, 'egressipams', stage, (review) => admission.egressIPAM(review)),
  );
  app.get('/healthz', () => 'ok');
  app.get('/readyz', (_request, reply) =>
    reply.code(options.isReady() ? 200 : 503).send(options.isReady() ? 'ok' : 'not ready'),
  );
  app.setErrorHandler((error: { readonly code?: string }, _request, reply) => {
    const tooLarge = error.code === 'FST_ERR_CTP_BODY_TOO_LARGE';
    if (!tooLarge) options.onBug(error);
    const answer: Answer = tooLarge
      ? { allowed: false, code: 413, message: `the review is larger than ${BODY_LIMIT} bytes` }
      : BUG;
    return reply.code(200).header('content-type', JSON_TYPE).send(encodeAnswer(NOBODY, answer));
  });
  return app;
}

interface Stage extends AppOptions {
  readonly isClosing: () => boolean;
}

interface Posted {
  Querystring: { timeout?: unknown };
  Body: unknown;
}

/** Answers in this turn of the event loop what needs no I/O: what is not awaited costs nothing. */
function handle(
  { body }: FastifyRequest<Posted>,
  reply: FastifyReply,
  webhook: Answered['webhook'],
  options: Stage,
  judge: (review: AdmissionRequest, started: number) => Answer | Promise<Answer>,
): void | Promise<void> {
  const started = options.now();
  const decoded = DECODERS[webhook](typeof body === 'string' ? body : '');
  const request = decoded.ok ? decoded.request : undefined;
  const send = (answer: Answer) => {
    // Closing takes idle connections along, but not those that become idle after: their clients must close them.
    if (options.isClosing()) reply.header('connection', 'close');
    reply.header('content-type', JSON_TYPE).send(encodeAnswer(decoded.replyTo, answer));
    options.answered({ webhook, request, answer, seconds: (options.now() - started) / 1_000 });
  };
  const fail = (error: unknown) => {
    options.onBug(error);
    send(BUG);
  };
  if (!decoded.ok) return send({ allowed: false, code: 400, message: decoded.message });
  let judged: Answer | Promise<Answer>;
  try {
    judged = judge(decoded.request, started);
  } catch (error) {
    return fail(error);
  }
  return judged instanceof Promise ? judged.then(send, fail) : send(judged);
}

/**
 * Tells of the answers of one turn of the event loop when all have been sent: nobody waits until they have been counted
 * and logged, no answer depends on it, and many in a row take less time than one here and one there.
 */
function afterAll({ answered, onBug }: Pick<AppOptions, 'answered' | 'onBug'>): AppOptions['answered'] {
  let events: Answered[] = [];
  const tell = () => {
    const told = events;
    events = [];
    for (const event of told) {
      try {
        answered(event);
      } catch (error) {
        onBug(error);
      }
    }
  };
  return (event) => {
    if (events.length === 0) setImmediate(tell);
    events.push(event);
  };
}

const DECODERS = {
  namespaces: (text: string) => glance(text) ?? decodeReview(text, 'Namespace'),
  egressipams: (text: string) => decodeReview(text, 'EgressIPAM'),
};

const BUG: Answer = { allowed: false, code: 500, message: 'the egress IP webhook failed; its log says why' };

/**
 * Tells from `?timeout=10s` how many milliseconds there are until the answer must be on its way: less than the API server
 * waits. Remembers the last text, because one API server always sends the same, and reading it takes as long as deciding.
 */
function timeReader(): (timeout: unknown) => number {
  let last: { readonly timeout: unknown; readonly milliseconds: number } | undefined;
  return (timeout) => {
    if (last === undefined || last.timeout !== timeout) last = { timeout, milliseconds: timeFor(timeout) };
    return last.milliseconds;
  };
}

function timeFor(timeout: unknown): number {
  const asked = typeof timeout === 'string' ? parseDuration(timeout) : undefined;
  const whole = Math.min(asked !== undefined && asked > 0 ? asked : DEFAULT_TIMEOUT, LONGEST_TIMEOUT);
  return whole - Math.min(1_000, whole / 5);
}
