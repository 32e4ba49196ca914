// The heart beat over worlds that the test tells and actions that only pretend to happen: what starts when, and what waits.
import t from 'tap';
import type { Cloud } from '../../reconciler/cloud.ts';
import type { Outcome } from '../../reconciler/execute.ts';
import { Loop, type LoopOptions } from '../../reconciler/loop.ts';
import { Stale } from '../../reconciler/stale.ts';
import type { IPv4 } from '../../shared/ip.ts';
import { ApiError } from '../../shared/kube/client.ts';
import { type Action, describe } from '../../shared/plan/actions.ts';
import type { World } from '../../shared/plan/world.ts';
import { ManualClock, settled } from '../shared/manual-clock.ts';
import { cluster, type Tale } from '../shared/plan/build.ts';
import { ip, worldOf } from '../shared/plan/cluster.ts';

const DONE: Outcome = { unknown: [], failed: new Map(), delayed: [] };
const NEVER = () => new Promise<Outcome>(() => {});

/** Tales of namespaces that wait for one step each. */
const CLAIMED: Tale = { namespaces: { a: ['10.0.1.10'] }, allocations: { '10.0.1.10': { for: 'a' } } };
const ON_HOST: Tale = {
  namespaces: { a: ['10.0.1.10'] },
  allocations: { '10.0.1.10': { for: 'a', phase: 'Bound', node: 'n1' } },
  assigned: { n1: ['10.0.1.10'] },
  hosted: { n1: ['10.0.1.10'] },
};
const TAKEN_OFF: Tale = {
  namespaces: { a: { egressIPAM: 'none' } },
  allocations: { '10.0.1.10': { for: 'a', phase: 'Releasing', node: 'n1' } },
};
/** Two IPs that lack nothing but to be assigned to n1. */
const UNASSIGNED: Tale = {
  namespaces: { a: ['10.0.1.10'], b: ['10.0.1.11'] },
  nodes: { n1: 'a' },
  allocations: {
    '10.0.1.10': { for: 'a', phase: 'Bound', node: 'n1' },
    '10.0.1.11': { for: 'b', phase: 'Bound', node: 'n1' },
  },
};
const QUIET: Tale = { namespaces: { a: ['10.0.1.10'] }, serves: [['a', '10.0.1.10', 'n1']] };

interface Running {
  readonly loop: Loop;
  readonly clock: ManualClock;
  /** Actions started, as sentences. */
  readonly started: string[];
  readonly results: string[];
  /** What the next passes see. */
  tale: Tale;
  /** The latest that observe was told. */
  busy: ReadonlySet<IPv4>;
  promised: ReadonlyMap<IPv4, string>;
}

function run(tale: Tale, more: Partial<LoopOptions> = {}): Running {
  const clock = new ManualClock();
  const started: string[] = [];
  const results: string[] = [];
  const execute = more.execute ?? (async () => DONE);
  const observe = (busy: ReadonlySet<IPv4>, promised: ReadonlyMap<IPv4, string>): World => {
    running.busy = busy;
    running.promised = new Map(promised);
    return { ...worldOf(cluster(running.tale), busy), promised };
  };
  const loop = new Loop({
    observe,
    cloud: undefined,
    covers: () => true,
    requestTimeout: 5_000,
    callTimeout: 10_000,
    apiServerTimeout: 60_000,
    concurrency: 8,
    clock,
    onPlan: () => {},
    onAction: (action, result) => results.push(`${action.kind} ${result}`),
    ...more,
    execute: (action) => {
      started.push(describe(action));
      return execute(action);
    },
  });
  const running: Running = {
    loop,
    clock,
    started,
    results,
    tale,
    busy: new Set(),
    promised: new Map(),
  };
  return running;
}

function fakeCloud(more: Partial<Cloud> = {}): Cloud {
  const unused = () => {
    throw new Error('the loop itself makes no calls');
  };
  return {
    inventory: undefined,
    unsettled: new Map(),
    nextAvailableIn: () => 0,
    startAfresh: unused,
    refresh: unused,
    locate: unused,
    assign: unused,
    unassign: unused,
    ...more,
  };
}

t.test('many triggers make one pass', async (t) => {
  let passes = 0;
  const { loop, clock } = run(QUIET, { onPlan: () => (passes += 1) });
  for (let i = 0; i < 100; i += 1) loop.trigger();
  await clock.advance(50);
  t.equal(passes, 1);
});

t.test('what only waits for time is planned again when it is due', async (t) => {
  const passes: number[] = [];
  const waiting: Tale = {
    namespaces: { a: { egressIPAM: 'none' } },
    allocations: { '10.0.1.10': { for: 'a', phase: 'Bound', node: 'n1', seenFor: 20_000 } },
  };
  const { loop, clock } = run(waiting, { onPlan: () => passes.push(clock.now()) });
  loop.trigger();
  await clock.advance(110_000);
  t.same(passes, [5, 100_006]);
});

t.test('one action per IP at a time, whatever a plan says', async (t) => {
  const running = run(CLAIMED, {
    execute: NEVER,
    observe: (busy) => {
      running.busy = busy;
      return worldOf(cluster(running.tale));
    },
  });
  running.loop.trigger();
  await running.clock.advance(10);
  t.same(running.started, ['bind 10.0.1.10 to namespace a on node n1, eni-n1']);
  for (const tale of [CLAIMED, ON_HOST, TAKEN_OFF]) {
    running.tale = tale;
    running.loop.trigger();
    await running.clock.advance(50);
  }
  t.equal(running.started.length, 1);
  t.same([...running.busy], [ip('10.0.1.10')]);
});

t.test('no two actions write one object at a time', async (t) => {
  const running = run(UNASSIGNED, {
    async execute(action) {
      if (action.kind !== 'assign') return await NEVER();
      running.tale = { ...UNASSIGNED, assigned: { n1: ['10.0.1.10', '10.0.1.11'] } };
      return DONE;
    },
  });
  running.tale = { ...UNASSIGNED, assigned: { n1: ['10.0.1.10'] } };
  running.loop.trigger();
  await running.clock.advance(500);
  t.same(running.started, ['HostSubnet n1: add 10.0.1.10', 'assign 10.0.1.11 to eni-n1 of node n1']);
});

t.test('a plan knows where the actions under way put their IPs', async (t) => {
  const running = run(UNASSIGNED, { execute: NEVER });
  running.loop.trigger();
  await running.clock.advance(150);
  running.loop.trigger();
  await running.clock.advance(50);
  t.same(
    [...running.promised],
    [
      [ip('10.0.1.10'), 'n1'],
      [ip('10.0.1.11'), 'n1'],
    ],
  );
});

t.test('the rest of an old plan is dropped when a new one is made', async (t) => {
  const gate = Promise.withResolvers<Outcome>();
  const two: Tale = {
    namespaces: { a: ['10.0.1.10'], b: ['10.0.1.11'] },
    allocations: { '10.0.1.10': { for: 'a' }, '10.0.1.11': { for: 'b' } },
  };
  const running = run(two, { concurrency: 1, execute: () => gate.promise });
  running.loop.trigger();
  await running.clock.advance(10);
  t.equal(running.started.length, 1);
  running.tale = QUIET;
  running.loop.trigger();
  await running.clock.advance(10);
  gate.resolve(DONE);
  await running.clock.advance(100);
  t.same(running.started, ['bind 10.0.1.10 to namespace a on node n1, eni-n1']);
});

t.test('no more actions are under way than allowed, and the others follow', async (t) => {
  const ends: (() => void)[] = [];
  const names = ['a', 'b', 'c', 'd', 'e'];
  const five: Tale = {
    namespaces: Object.fromEntries(names.map((name, i) => [name, [`10.0.1.1${i}`]])),
    allocations: Object.fromEntries(names.map((name, i) => [`10.0.1.1${i}`, { for: name }])),
  };
  const { loop, clock, started } = run(five, {
    concurrency: 2,
    execute: () => new Promise((resolve) => ends.push(() => resolve(DONE))),
  });
  loop.trigger();
  await clock.advance(10);
  t.equal(started.length, 2);
  ends.shift()?.();
  await settled();
  t.equal(started.length, 3);
});

t.test('no write starts that the lease does not cover', async (t) => {
  let leads = false;
  const asked: number[] = [];
  const covers = (deadline: number) => {
    asked.push(deadline);
    return leads;
  };
  const { loop, clock, started } = run(CLAIMED, { covers });
  loop.trigger();
  await clock.advance(2_000);
  t.same(started, []);
  t.same([...new Set(asked)], [5_000], 'a request to the API server');
  leads = true;
  await clock.advance(1_000);
  t.ok(started.length > 0);

  asked.length = 0;
  const calls = run(UNASSIGNED, { covers, cloud: fakeCloud() });
  calls.loop.trigger();
  await calls.clock.advance(2_000);
  t.same([...new Set(asked)], [10_000], 'a call to the cloud');
});

t.test('what failed is tried again later and later', async (t) => {
  const times: number[] = [];
  const running = run(CLAIMED, {
    execute: async () => {
      times.push(running.clock.now());
      throw new ApiError('rejected', 'no', { status: 400 });
    },
  });
  running.loop.trigger();
  await running.clock.advance(120_000);
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  t.same(gaps.slice(0, 8), [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000]);
  t.ok(running.results.every((result) => result.endsWith('failed')));
});

t.test('an action that fails again and again holds up no other', async (t) => {
  const failing: Tale = {
    namespaces: { a: ['10.0.1.10'] },
    allocations: { '10.0.1.10': { for: 'a' } },
  };
  const running = run(failing, {
    execute: async (action) => {
      if (describe(action).includes('10.0.1.10')) throw new ApiError('rejected', 'no', { status: 400 });
      return DONE;
    },
  });
  running.loop.trigger();
  await running.clock.advance(20_000);
  const before = running.started.length;
  running.tale = {
    namespaces: { ...failing.namespaces, b: ['10.0.1.11'] },
    allocations: { ...failing.allocations, '10.0.1.11': { for: 'b' } },
  };
  running.loop.trigger();
  await running.clock.advance(10);
  t.match(running.started[before], /^bind 10.0.1.11 /);
});

t.test('an address that EC2 refuses holds up no other on its interface', async (t) => {
  const running = run(UNASSIGNED, {
    cloud: fakeCloud(),
    execute: async (action) => {
      const failed = new Map(
        action.kind === 'assign' && action.ips.includes(ip('10.0.1.10'))
          ? [[ip('10.0.1.10'), new Error('refused')]]
          : [],
      );
      return { ...DONE, failed };
    },
  });
  running.tale = {
    ...UNASSIGNED,
    namespaces: { a: ['10.0.1.10'] },
    allocations: { '10.0.1.10': { for: 'a', phase: 'Bound', node: 'n1' } },
  };
  running.loop.trigger();
  await running.clock.advance(20_000);
  const before = running.started.length;
  running.tale = UNASSIGNED;
  running.loop.trigger();
  await running.clock.advance(200);
  t.same(running.started.slice(before), ['assign 10.0.1.11 to eni-n1 of node n1']);
});

t.test('a conflict is no failure: it is planned anew', async (t) => {
  for (const error of [new Stale('changed'), new ApiError('conflict', 'changed', { status: 409 })]) {
    const { loop, clock, results } = run(CLAIMED, { execute: () => Promise.reject(error) });
    loop.trigger();
    await clock.advance(100);
    t.same(results, ['bind stale']);
    await loop.stop();
  }
});

t.test('a call that was not sent is not called done', async (t) => {
  const { loop, clock, results } = run(UNASSIGNED, {
    cloud: fakeCloud(),
    execute: async () => ({ ...DONE, delayed: [ip('10.0.1.10')] }),
  });
  loop.trigger();
  await clock.advance(110);
  t.same(results, ['assign delayed']);
});

t.test('grants wait a moment for company of the same interface, failovers do not', async (t) => {
  const grant = run(UNASSIGNED, { cloud: fakeCloud(), execute: NEVER });
  grant.loop.trigger();
  await grant.clock.advance(90);
  t.same(grant.started, []);
  await grant.clock.advance(20);
  t.same(grant.started, ['assign 10.0.1.10, 10.0.1.11 to eni-n1 of node n1']);

  const failover: Tale = { ...UNASSIGNED, used: { a: ['10.0.1.10'], b: ['10.0.1.11'] } };
  const urgent = run(failover, { cloud: fakeCloud(), execute: NEVER });
  urgent.loop.trigger();
  await urgent.clock.advance(10);
  t.equal(urgent.started.length, 1);
});

t.test('a call waits until EC2 would take it', async (t) => {
  const asked: string[] = [];
  const nextAvailableIn: Cloud['nextAvailableIn'] = (call, lane) => {
    asked.push(`${call} ${lane}`);
    return Math.max(0, 3_000 - running.clock.now());
  };
  const running = run(UNASSIGNED, { cloud: fakeCloud({ nextAvailableIn }), execute: NEVER });
  running.loop.trigger();
  await running.clock.advance(2_900);
  t.same(running.started, []);
  t.same([...new Set(asked)], ['assign grant']);
  await running.clock.advance(200);
  t.equal(running.started.length, 1);
});

t.test('stop waits for what is under way and starts nothing more', async (t) => {
  const gate = Promise.withResolvers<Outcome>();
  const { loop, clock, started } = run(CLAIMED, { execute: () => gate.promise });
  loop.trigger();
  await clock.advance(10);
  let stopped = false;
  const stopping = loop.stop().then(() => {
    stopped = true;
  });
  await settled();
  t.equal(stopped, false);
  gate.resolve(DONE);
  await stopping;
  loop.trigger();
  await clock.advance(1_000);
  t.equal(started.length, 1);
});

t.test('one action per IP, unknown outcome waits: the cloud', async (t) => {
  const unsettled = new Map([[ip('10.0.1.10'), 30_000]]);
  const running = run(UNASSIGNED, { cloud: fakeCloud({ unsettled }) });
  running.loop.trigger();
  await running.clock.advance(200);
  t.same([...new Set(running.started)], ['assign 10.0.1.11 to eni-n1 of node n1']);
  unsettled.clear();
  running.loop.trigger();
  await running.clock.advance(200);
  t.match(running.started.at(-1), /^assign 10.0.1.10, 10.0.1.11 /);
});

for (const status of [0, 504]) {
  t.test(`one action per IP, unknown outcome waits: the API server, status ${status}`, async (t) => {
    let silent = true;
    const executed: Action['kind'][] = [];
    const running = run(ON_HOST, {
      execute: async (action) => {
        executed.push(action.kind);
        if (silent) throw new ApiError('unavailable', 'no answer', { status });
        return DONE;
      },
    });
    running.loop.trigger();
    await running.clock.advance(20);
    t.same(executed, ['patchNetNamespace']);
    silent = false;
    running.tale = TAKEN_OFF;
    running.loop.trigger();
    await running.clock.advance(59_000);
    t.same(executed, ['patchNetNamespace'], 'the API server may still carry it out');
    await running.clock.advance(2_000);
    t.same(executed.slice(0, 2), ['patchNetNamespace', 'rest']);
  });
}

t.test('the next pass is overdue when its time has come and it has not been made', async (t) => {
  const { loop, clock } = run(QUIET);
  t.equal(loop.overdue(), 0);
  loop.trigger();
  t.equal(loop.overdue(), 0);
  await clock.advance(100);
  t.equal(loop.overdue(), 0, 'it was made');
});
