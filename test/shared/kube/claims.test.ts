// The claim protocol, one statement at a time: each test here fails when its statement is dropped from the code. The API
// server is a fake that is strict about resourceVersions and names.
import t from 'tap';
import type { IPv4 } from '../../../shared/ip.ts';
import { formatIPv4, parseIPv4 } from '../../../shared/ip.ts';
import type { AllocationObject, Phase } from '../../../shared/kinds.ts';
import { type ClaimOutcome, Claims, type ClaimTask, tokenSource } from '../../../shared/kube/claims.ts';
import { ApiError } from '../../../shared/kube/client.ts';
import { ALLOCATIONS } from '../../../shared/kube/resources.ts';
import { EXPLICIT_ANNOTATION, FINALIZER } from '../../../shared/names.ts';
import { FakeKubeClient } from '../../fakes/kube-client.ts';

const NAME = '10.0.128.7';
const OTHER = '10.0.128.8';
const TERMS = { mode: 'claim', deadline: 10_000 } as const;

function ip(text: string): IPv4 {
  const parsed = parseIPv4(text);
  if (parsed === undefined) throw new Error(`not an address: ${text}`);
  return parsed;
}

function setUp() {
  const api = new FakeKubeClient();
  const seen: string[] = [];
  let tokens = 0;
  let collisions = 0;
  const clock = { now: 0 };
  const claims = new Claims({
    client: api,
    newToken: () => `token-${++tokens}`,
    now: () => clock.now,
    seen: ({ metadata, spec }) => seen.push(`${metadata.name} ${spec.claim}`),
    collided: () => {
      collisions += 1;
    },
  });
  const store = (name: string, namespace: string, extra: object = {}) =>
    api.put(ALLOCATIONS, {
      metadata: { name },
      spec: { egressIPAM: 'pool', cidr: '10.0.128.0/20', namespace, claim: 'old' },
      ...extra,
    });
  const tokenOf = (name: string) => api.stored(ALLOCATIONS, name)?.spec.claim;
  return { api, claims, seen, clock, store, tokenOf, collisions: () => collisions };
}

function task(namespace: string, candidates: readonly string[], own: readonly string[] = []): ClaimTask {
  return {
    egressIPAM: 'pool',
    cidr: '10.0.128.0/20',
    namespace,
    origin: 'automatic',
    own: own.map(ip),
    candidates: candidates.map(ip),
  };
}

function tell(outcome: ClaimOutcome): string {
  switch (outcome.kind) {
    case 'claimed':
      return `${formatIPv4(outcome.ip)} ${outcome.how}`;
    case 'held':
      return outcome.last === undefined
        ? 'no candidates'
        : `${formatIPv4(outcome.last.ip)} held by "${outcome.last.namespace}"`;
    case 'outOfTries':
      return `out of tries after ${outcome.tries}`;
    case 'failed':
      return `failed: ${outcome.error.code}`;
  }
}

t.test('creating the object is the claim', async (t) => {
  const { api, claims, seen } = setUp();
  t.equal(tell(await claims.one(task('a', [NAME, OTHER]), TERMS)), `${NAME} created`);
  const stored = api.stored(ALLOCATIONS, NAME);
  t.same(stored?.spec, { egressIPAM: 'pool', cidr: '10.0.128.0/20', namespace: 'a', claim: 'token-1' });
  t.equal(stored?.metadata.annotations, undefined, 'chosen by us, not by the user');
  t.same(seen, [`${NAME} token-1`], 'and is seen by the cache at once');
  t.same(api.calls, [`create egressipallocations/${NAME}`]);
});

t.test('an explicit IP is marked as such', async (t) => {
  const { api, claims } = setUp();
  await claims.one({ ...task('a', [NAME]), origin: 'explicit' }, TERMS);
  t.same(api.stored(ALLOCATIONS, NAME)?.metadata.annotations, { [EXPLICIT_ANNOTATION]: 'true' });
});

t.test('one that is held costs one more try, whatever the cache said', async (t) => {
  const { api, claims, seen, store, collisions } = setUp();
  store(NAME, 'b');
  t.equal(tell(await claims.one(task('a', [NAME, OTHER]), TERMS)), `${OTHER} created`);
  t.same(api.calls, [
    `create egressipallocations/${NAME}`,
    `get egressipallocations/${NAME}`,
    `create egressipallocations/${OTHER}`,
  ]);
  t.same(seen, [`${NAME} old`, `${OTHER} token-2`], 'the cache learns who holds it');
  t.equal(collisions(), 1);
});

t.test('what exists for the same namespace is retaken', async (t) => {
  for (const phase of [undefined, 'Claimed', 'Bound', 'Releasing', 'Resting'] satisfies (
    | Phase
    | undefined
  )[]) {
    const { api, claims, store, tokenOf } = setUp();
    store(NAME, 'a', phase === undefined ? {} : { status: { phase, node: 'n1' } });
    t.equal(tell(await claims.one(task('a', [NAME, OTHER]), TERMS)), `${NAME} retaken`, `${phase}`);
    t.equal(tokenOf(NAME), 'token-2', 'a new token at each retake');
    t.equal(api.stored(ALLOCATIONS, NAME)?.status?.phase, phase, "its status is the reconciler's");
  }
});

t.test('a new token at each retake, also when the cache says «already ours»', async (t) => {
  const { api, claims, store, tokenOf } = setUp();
  store(NAME, 'a', { status: { phase: 'Bound' } });
  t.equal(tell(await claims.one(task('a', [], [NAME]), TERMS)), `${NAME} retaken`);
  t.equal(tokenOf(NAME), 'token-1');
  t.equal(tell(await claims.one(task('a', [], [NAME]), TERMS)), `${NAME} retaken`);
  t.equal(tokenOf(NAME), 'token-2');
  t.same(api.calls.slice(0, 2), [`get egressipallocations/${NAME}`, `replace egressipallocations/${NAME}`]);
});

t.test('own claims first', async (t) => {
  const { claims, store } = setUp();
  store(OTHER, 'a', { status: { phase: 'Resting' } });
  t.equal(tell(await claims.one(task('a', [NAME], [OTHER]), TERMS)), `${OTHER} retaken`);
});

t.test(
  "an own claim that is gone is created again, and one that is another's now is left alone",
  async (t) => {
    const { claims, store } = setUp();
    t.equal(tell(await claims.one(task('a', [NAME], [OTHER]), TERMS)), `${OTHER} created`);
    const later = setUp();
    later.store(OTHER, 'b');
    t.equal(tell(await later.claims.one(task('a', [NAME], [OTHER]), TERMS)), `${NAME} created`);
    t.equal(later.tokenOf(OTHER), 'old');
    store(NAME, 'b');
  },
);

t.test('retake by resourceVersion: what was decided on the old token in between wins or fails', async (t) => {
  await t.test('it was collected', async (t) => {
    const { api, claims, store } = setUp();
    store(NAME, 'a');
    api.fault = once('replace', () => api.remove(ALLOCATIONS, NAME));
    t.equal(tell(await claims.one(task('a', [NAME]), TERMS)), `${NAME} created`);
  });
  await t.test('it was collected, and another namespace has it now', async (t) => {
    const { api, claims, store, tokenOf } = setUp();
    store(NAME, 'a');
    api.fault = once('replace', () => {
      api.remove(ALLOCATIONS, NAME);
      store(NAME, 'b');
    });
    t.equal(tell(await claims.one(task('a', [NAME, OTHER]), TERMS)), `${OTHER} created`);
    t.equal(tokenOf(NAME), 'old', "the other's claim is untouched");
  });
  await t.test('the reconciler wrote its status', async (t) => {
    const { api, claims, store } = setUp();
    store(NAME, 'a');
    api.fault = once('replace', () => store(NAME, 'a', { status: { phase: 'Releasing' } }));
    t.equal(tell(await claims.one(task('a', [NAME]), TERMS)), `${NAME} retaken`);
    t.same(api.calls.filter((call) => call.startsWith('get')).length, 2, 'after it was read again');
    t.equal(api.stored(ALLOCATIONS, NAME)?.status?.phase, 'Releasing');
  });
});

t.test('hand-deleted stays in force: it is not retaken', async (t) => {
  const { api, claims, store, tokenOf } = setUp();
  const metadata = { name: NAME, finalizers: [FINALIZER], deletionTimestamp: '2026-11-22T07:00:00Z' };
  store(NAME, 'a', { metadata });
  t.equal(tell(await claims.one(task('a', [NAME, OTHER], [NAME]), TERMS)), `${OTHER} created`);
  t.equal(tokenOf(NAME), 'old');
  t.ok(api.stored(ALLOCATIONS, NAME));
});

t.test('nameless never retaken', async (t) => {
  const { claims, store, tokenOf } = setUp();
  store(NAME, '');
  t.equal(tell(await claims.one(task('', [NAME, OTHER]), TERMS)), `${OTHER} created`);
  t.equal(tokenOf(NAME), 'old');
  t.equal(tell(await claims.one(task('a', [NAME]), TERMS)), `${NAME} held by ""`);
});

t.test('an explicit IP that is held is refused with its holder', async (t) => {
  const { claims, store } = setUp();
  store(NAME, 'b');
  const outcome = await claims.one({ ...task('a', [NAME]), origin: 'explicit' }, TERMS);
  t.equal(tell(outcome), `${NAME} held by "b"`);
});

t.test('no candidates at all is not the same as all held, nor as out of tries', async (t) => {
  const { claims, store } = setUp();
  t.equal(tell(await claims.one(task('a', []), TERMS)), 'no candidates');
  const many = Array.from({ length: 30 }, (_, i) => `10.0.129.${i}`);
  for (const name of many) store(name, 'b');
  t.equal(tell(await claims.one(task('a', many), TERMS)), 'out of tries after 24');
  t.equal(tell(await claims.one(task('a', many.slice(0, 24)), TERMS)), '10.0.129.23 held by "b"');
});

t.test('one that changes all the time is given up, not waited for', async (t) => {
  const { api, claims, store } = setUp();
  store(NAME, 'a');
  api.fault = ({ verb }) => {
    if (verb === 'replace') store(NAME, 'a');
    return undefined;
  };
  t.equal(tell(await claims.one(task('a', [NAME, OTHER]), TERMS)), `${OTHER} created`);
  t.equal(
    tell(await claims.one({ ...task('a', [NAME]), origin: 'explicit' }, TERMS)),
    'out of tries after 1',
  );
});

t.test('a create whose answer is lost counts when the object carries its token', async (t) => {
  const { api, claims } = setUp();
  api.fault = ({ verb }) => (verb === 'create' ? 'lost' : undefined);
  t.equal(tell(await claims.one(task('a', [NAME, OTHER]), TERMS)), `${NAME} created`);
  t.equal(api.all(ALLOCATIONS).length, 1);
});

t.test('a create whose outcome stays unknown is a failure, and no other IP is tried', async (t) => {
  const { api, claims } = setUp();
  api.fault = ({ verb }) => (verb === 'create' ? new ApiError('unavailable', 'no answer') : undefined);
  t.equal(tell(await claims.one(task('a', [NAME, OTHER]), TERMS)), 'failed: unavailable');
  t.same(api.calls, [`create egressipallocations/${NAME}`, `get egressipallocations/${NAME}`]);
});

t.test("a lost create is not taken for done when somebody else's claim is there", async (t) => {
  const { api, claims, store } = setUp();
  api.fault = ({ verb }) => {
    if (verb !== 'create') return undefined;
    store(NAME, 'a');
    return new ApiError('unavailable', 'no answer');
  };
  t.equal(tell(await claims.one(task('a', [NAME]), TERMS)), 'failed: unavailable');
});

t.test('a retake whose answer is lost counts when the object carries its token', async (t) => {
  const { api, claims, store, tokenOf } = setUp();
  store(NAME, 'a');
  api.fault = ({ verb }) => (verb === 'replace' ? 'lost' : undefined);
  t.equal(tell(await claims.one(task('a', [NAME]), TERMS)), `${NAME} retaken`);
  t.equal(tokenOf(NAME), 'token-2');
});

t.test('nothing is started after the deadline, and no call lasts beyond it', async (t) => {
  const { api, claims, clock, store } = setUp();
  store(NAME, 'b');
  api.fault = () => {
    clock.now += 6_000;
    return undefined;
  };
  t.equal(tell(await claims.one(task('a', [NAME, OTHER]), TERMS)), 'failed: unavailable');
  t.same(api.calls, [`create egressipallocations/${NAME}`, `get egressipallocations/${NAME}`]);
});

t.test('a dry run creates nothing and shows what would be given', async (t) => {
  const { api, claims, store, tokenOf } = setUp();
  const dryRun = { ...TERMS, mode: 'dryRun' } as const;
  store(NAME, 'b');
  t.equal(tell(await claims.one(task('a', [NAME, OTHER]), dryRun)), `${OTHER} dryRun`);
  t.equal(tell(await claims.one(task('b', [OTHER], [NAME]), dryRun)), `${NAME} dryRun`);
  t.equal(tokenOf(NAME), 'old');
  t.notOk(api.calls.some((call) => /^(create|replace|patch|delete)/.test(call)));
});

t.test("requests of one process stay out of each other's way", async (t) => {
  const { api, claims } = setUp();
  const [a, b] = await Promise.all([
    claims.one(task('a', [NAME, OTHER]), TERMS),
    claims.one(task('b', [NAME, OTHER]), TERMS),
  ]);
  t.equal(tell(a), `${NAME} created`);
  t.equal(tell(b), `${OTHER} created`);
  t.equal(api.calls.length, 2, 'without a collision');
});

t.test('two requests for one namespace meet', async (t) => {
  const { api, claims } = setUp();
  const both = await Promise.all([
    claims.one(task('a', [NAME, OTHER]), TERMS),
    claims.one(task('a', [NAME, OTHER]), TERMS),
  ]);
  t.same(both.map(tell), [`${NAME} created`, `${NAME} retaken`]);
  t.equal(api.all(ALLOCATIONS).length, 1);
});

t.test('what another request is after is tried last rather than not at all', async (t) => {
  const { api, claims } = setUp();
  api.fault = once('create', () => undefined, new ApiError('invalid', 'refused', { status: 422 }));
  const [a, b] = await Promise.all([
    claims.one(task('a', [NAME]), TERMS),
    claims.one(task('b', [NAME]), TERMS),
  ]);
  t.equal(tell(a), 'failed: invalid');
  t.equal(tell(b), `${NAME} created`);
});

t.test(
  'a released IP is explicit or not as it is asked for now; one in force stays what it was',
  async (t) => {
    const explicit = { [EXPLICIT_ANNOTATION]: 'true', other: 'stays' };
    const cases = [
      { phase: 'Resting', before: { other: 'stays' }, origin: 'explicit', after: explicit },
      { phase: 'Releasing', before: explicit, origin: 'automatic', after: { other: 'stays' } },
      { phase: 'Bound', before: { other: 'stays' }, origin: 'explicit', after: { other: 'stays' } },
      { phase: 'Bound', before: explicit, origin: 'automatic', after: explicit },
    ] as const;
    for (const { phase, before, origin, after } of cases) {
      const { api, claims, store } = setUp();
      store(NAME, 'a', { metadata: { name: NAME, annotations: before }, status: { phase } });
      await claims.one({ ...task('a', [NAME]), origin }, TERMS);
      t.same(api.stored(ALLOCATIONS, NAME)?.metadata.annotations, after, `${phase}, asked for as ${origin}`);
    }
  },
);

t.test('the webhook never deletes, not even a claim of its own that was of no use', async (t) => {
  const { api, claims, store } = setUp();
  store(NAME, 'b');
  await claims.one(task('a', [NAME, OTHER]), TERMS);
  await claims.one({ ...task('c', [NAME]), origin: 'explicit' }, TERMS);
  t.notOk(api.calls.some((call) => call.startsWith('delete')));
  t.same(
    api.all(ALLOCATIONS).map(({ metadata }: AllocationObject) => metadata.name),
    [NAME, OTHER],
  );
});

/** Does something right before the first call of that verb, which may fail then. */
function once(verb: string, act: () => void, error?: ApiError): FakeKubeClient['fault'] {
  let done = false;
  return (call) => {
    if (done || call.verb !== verb) return undefined;
    done = true;
    act();
    return error;
  };
}

t.test('no token is given out twice, by whichever process', async (t) => {
  const sources = [tokenSource(), tokenSource()];
  const tokens = sources.flatMap((next) => Array.from({ length: 100 }, next));
  t.equal(new Set(tokens).size, 200);
});
