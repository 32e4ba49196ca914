// The HTTP face: every answer is an AdmissionReview with status 200, whatever comes in.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import t from 'tap';
import { EGRESSIPAMS } from '../../shared/kube/resources.ts';
import { type Answered, buildApp } from '../../webhook/app.ts';
import type { AdmissionRequest, Answer } from '../../webhook/review.ts';
import { pool } from './build.ts';
import { replicaOf } from './replica.ts';

const JSON_TYPE = { 'content-type': 'application/json' };

interface Setup {
  readonly namespace?: (request: AdmissionRequest, deadline: number) => Answer | Promise<Answer>;
  readonly answered?: () => void;
}

function setUp({ namespace, answered = () => {} }: Setup = {}) {
  const replica = replicaOf([
    [
      EGRESSIPAMS,
      pool({ name: 'egressipam-aws', cidrs: ['10.0.128.0/20', '10.0.144.0/20', '10.0.160.0/20'] }),
    ],
  ]);
  const events: Answered[] = [];
  const bugs: unknown[] = [];
  const state = { ready: true };
  const app = buildApp({
    admission: {
      namespace: namespace ?? ((request, deadline) => replica.admission.namespace(request, deadline)),
      egressIPAM: (request) => replica.admission.egressIPAM(request),
    },
    answered(event) {
      events.push(event);
      answered();
    },
    onBug: (error) => bugs.push(error),
    isReady: () => state.ready,
    now: () => replica.time,
  });
  const post = async (
    payload: string | Buffer,
    url = '/mutate/namespaces?timeout=10s',
    headers: object = JSON_TYPE,
  ) => {
    const reply = await app.inject({ method: 'POST', url, payload, headers: { ...headers } });
    // What was answered is told when the turn of the event loop is over.
    await setImmediate();
    return {
      status: reply.statusCode,
      type: reply.headers['content-type'],
      ...(reply.json() as { response: Response }),
    };
  };
  return { app, post, replica, events, bugs, state };
}

interface Response {
  readonly uid: string;
  readonly allowed: boolean;
  readonly patch?: string;
  readonly warnings?: readonly string[];
  readonly status?: { readonly code: number; readonly message: string };
}

function recorded(file: string): {
  path: string;
  headers: Record<string, string>;
  body: string;
  uid: string;
} {
  const text = readFileSync(new URL(`../fixtures/admission-reviews/${file}.json`, import.meta.url), 'utf8');
  const { path, headers, review } = JSON.parse(text) as {
    path: string;
    headers: Record<string, string>;
    review: { request: { uid: string } };
  };
  return {
    path: path.replace('/mutate', '/mutate/namespaces'),
    headers,
    body: JSON.stringify(review),
    uid: review.request.uid,
  };
}

t.test('recorded reviews get their full answers', async (t) => {
  const expected: Record<string, readonly [patch: unknown, calls: readonly string[]]> = {
    '01-CREATE-namespaces-plain': [undefined, []],
    '02-CREATE-namespaces-opted-in': [
      'add 10.0.131.6,10.0.148.184,10.0.165.226',
      ['create', 'create', 'create'],
    ],
    '03-CREATE-namespaces-noname': ['add 10.0.128.1,10.0.144.1,10.0.160.1', ['create', 'create', 'create']],
    '04-CREATE-namespaces-dry': ['add 10.0.142.65,10.0.151.3,10.0.162.229', ['get', 'get', 'get']],
    '05-CREATE-namespaces-ssa': [undefined, ['create', 'create', 'create']],
    '06-UPDATE-namespaces-opted-in': [undefined, []],
    '07-UPDATE-namespaces-opted-in': [undefined, ['create', 'create', 'create']],
    '08-UPDATE-namespaces-opted-in': ['remove', []],
    '09-DELETE-namespaces-plain': [undefined, []],
  };
  for (const [file, [patch, calls]] of Object.entries(expected)) {
    const { post, replica } = setUp();
    const { path, headers, body, uid } = recorded(file);
    const { status, response } = await post(body, path, headers);
    t.equal(status, 200);
    t.match(response, { uid, allowed: true }, file);
    const operations = JSON.parse(Buffer.from(response.patch ?? 'W10=', 'base64').toString()) as {
      op: string;
      path: string;
      value?: string;
    }[];
    const told = operations.map(({ op, value }) => (value === undefined ? op : `${op} ${value}`))[0];
    t.equal(told, patch, file);
    t.same(
      replica.api.calls.map((call) => call.split(' ')[0]),
      calls,
      file,
    );
    for (const operation of operations) t.equal(operation.path, PATH);
  }
});

const PATH = '/metadata/annotations/egressip-ipam-operator.redhat-cop.io~1egressips';

t.test('what is malformed is answered like everything else', async (t) => {
  const { post, bugs, events } = setUp();
  const bodies = ['', '{', 'null', '"x"', '\u0000', Buffer.from([0xff, 0xfe]), '{"kind":"AdmissionReview"}'];
  for (const body of bodies) {
    const { status, type, response } = await post(body);
    t.equal(status, 200);
    t.match(type, /^application\/json/);
    t.match(response, { uid: '', allowed: false, status: { code: 400 } });
  }
  t.same(bugs, []);
  t.ok(events.every(({ request, answer }) => request === undefined && !answer.allowed));
  t.match(
    (await post('x', undefined, {})).response,
    { allowed: false, status: { code: 400 } },
    'no content type',
  );
  t.match((await post('x', undefined, { 'content-type': 'text/plain' })).response, { allowed: false });
  t.match((await post('x', '/validate/egressipams')).response, { allowed: false, status: { code: 400 } });
});

t.test('a review at the wrong door is refused', async (t) => {
  const { post } = setUp();
  const { body, uid } = recorded('01-CREATE-namespaces-plain');
  t.match((await post(body, '/validate/egressipams')).response, {
    uid,
    allowed: false,
    status: { code: 400, message: 'request.kind.kind must be EgressIPAM here, not "Namespace"' },
  });
});

t.test('objects of 3 MiB, old and new, are read; beyond that the review is refused', async (t) => {
  const { post, bugs } = setUp();
  const big = 'x'.repeat(3 * 1024 * 1024);
  const { body } = recorded('06-UPDATE-namespaces-opted-in');
  const review = JSON.parse(body) as {
    request: { object: { metadata: object }; oldObject: { metadata: object } };
  };
  Object.assign(review.request.object.metadata, { annotations: { big } });
  Object.assign(review.request.oldObject.metadata, { annotations: { big } });
  t.equal((await post(JSON.stringify(review))).response.allowed, true);
  const { status, response } = await post(`${' '.repeat(8 * 1024 * 1024)}{}`);
  t.equal(status, 200);
  t.match(response, { allowed: false, status: { code: 413, message: /larger than/ } });
  t.same(bugs, []);
});

t.test('a bug of ours is answered with 500 and told to the log, not to the user', async (t) => {
  for (const namespace of [
    () => {
      throw new TypeError('secret detail');
    },
    async () => {
      throw new TypeError('secret detail');
    },
  ]) {
    const { post, bugs, events } = setUp({ namespace });
    const { body, uid } = recorded('01-CREATE-namespaces-plain');
    const { status, response } = await post(body);
    t.equal(status, 200);
    t.match(response, { uid, allowed: false, status: { code: 500, message: /its log says why/ } });
    t.equal(bugs.length, 1);
    t.equal(events.length, 1);
  }
});

t.test('the deadline is earlier than the API server gives up', async (t) => {
  const deadlines: number[] = [];
  const { post } = setUp({
    namespace: (_request, deadline) => {
      deadlines.push(deadline);
      return { allowed: true };
    },
  });
  const { body } = recorded('01-CREATE-namespaces-plain');
  for (const query of [
    '?timeout=10s',
    '?timeout=2s',
    '?timeout=30s',
    '',
    '?timeout=x',
    '?timeout=-5s',
    '?timeout=5h',
  ]) {
    await post(body, `/mutate/namespaces${query}`);
  }
  t.same(deadlines, [9_000, 1_600, 29_000, 9_000, 9_000, 9_000, 29_000]);
});

t.test(
  'whoever is answered while the server closes is told to come back over another connection',
  async (t) => {
    let answer: (given: Answer) => void = () => {};
    const asked = Promise.withResolvers<void>();
    const { app } = setUp({
      namespace: () => {
        asked.resolve();
        return new Promise((resolve) => {
          answer = resolve;
        });
      },
    });
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as AddressInfo;
    const agent = new Agent({ keepAlive: true });
    t.teardown(() => agent.destroy());
    const url = `http://127.0.0.1:${port}/mutate/namespaces?timeout=10s`;
    const sent = request(url, { agent, method: 'POST', headers: JSON_TYPE });
    sent.end(recorded('02-CREATE-namespaces-opted-in').body);
    const replied = once(sent, 'response') as Promise<[IncomingMessage]>;
    await asked.promise;
    const closed = app.close();
    await setImmediate();
    answer({ allowed: true });
    const [reply] = await replied;
    t.match((await reply.toArray()).join(''), '"allowed":true');
    t.equal(reply.headers.connection, 'close');
    await closed;
  },
);

t.test('each answer is told once, with what was asked', async (t) => {
  const { post, events } = setUp();
  await post(recorded('02-CREATE-namespaces-opted-in').body);
  t.match(events, [{ webhook: 'namespaces', request: { operation: 'CREATE' }, answer: { allowed: true } }]);
});

t.test('answers of one turn are all told, after they have been given', async (t) => {
  const { app, events } = setUp();
  const files = ['01-CREATE-namespaces-plain', '04-CREATE-namespaces-dry', '09-DELETE-namespaces-plain'];
  const told: number[] = [];
  await Promise.all(
    files.map(async (file) => {
      const { body } = recorded(file);
      await app.inject({ method: 'POST', url: '/mutate/namespaces', headers: JSON_TYPE, payload: body });
      told.push(events.length);
    }),
  );
  t.same(told, [0, 0, 0], 'not before');
  await setImmediate();
  t.same(events.map(({ request }) => request?.uid).sort(), files.map((file) => recorded(file).uid).sort());
});

t.test('a review that says nothing of us is not read any further', async (t) => {
  const { post } = setUp();
  const { body, uid } = recorded('01-CREATE-namespaces-plain');
  const unread = body.replace('"name":"plain","creationTimestamp"', '"name":7,"creationTimestamp"');
  t.not(unread, body);
  t.same((await post(unread)).response, { uid, allowed: true });
});

t.test('an answer that cannot be counted or logged is given all the same', async (t) => {
  const answered = () => {
    throw new TypeError('no log');
  };
  for (const namespace of [
    (): Answer => ({ allowed: true }),
    async (): Promise<Answer> => ({ allowed: true }),
  ]) {
    const { post, bugs } = setUp({ namespace, answered });
    const { body, uid } = recorded('01-CREATE-namespaces-plain');
    const { status, response } = await post(body);
    t.equal(status, 200);
    t.match(response, { uid, allowed: true });
    t.match(bugs, [{ message: 'no log' }]);
  }
});

t.test('who has gone before the answer disturbs nobody', async (t) => {
  const [asked, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<Answer>()];
  const told = Promise.withResolvers<void>();
  const namespace = () => {
    asked.resolve();
    return answer.promise;
  };
  const { app, bugs, events } = setUp({ namespace, answered: told.resolve });
  await app.listen({ port: 0, host: '127.0.0.1' });
  t.teardown(() => app.close());
  const { port } = app.server.address() as AddressInfo;
  const ask = () => {
    const sent = request(`http://127.0.0.1:${port}/mutate/namespaces`, {
      method: 'POST',
      headers: JSON_TYPE,
    });
    sent.end(recorded('02-CREATE-namespaces-opted-in').body);
    return sent;
  };
  const impatient = ask();
  await asked.promise;
  impatient.destroy();
  await t.rejects(once(impatient, 'close'));
  answer.resolve({ allowed: true });
  await told.promise;
  const [reply] = (await once(ask(), 'response')) as [IncomingMessage];
  t.match((await reply.toArray()).join(''), '"allowed":true');
  await setImmediate();
  t.equal(events.length, 2);
  t.same(bugs, []);
});

t.test('probes', async (t) => {
  const { app, state } = setUp();
  const get = async (url: string) => (await app.inject({ url })).statusCode;
  t.equal(await get('/healthz'), 200);
  t.equal(await get('/readyz'), 200);
  state.ready = false;
  t.equal(await get('/healthz'), 200);
  t.equal(await get('/readyz'), 503);
  t.equal(await get('/nothing'), 404);
});
