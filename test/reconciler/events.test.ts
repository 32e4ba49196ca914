import t from 'tap';
import { EventRecorder, type EventRecorderOptions } from '../../reconciler/events.ts';
import { ApiError } from '../../shared/kube/client.ts';
import { EVENTS } from '../../shared/kube/resources.ts';
import type { Action } from '../../shared/plan/actions.ts';
import type { Notice } from '../../shared/plan/desire.ts';
import { FakeKubeClient } from '../fakes/kube-client.ts';
import { settled } from '../shared/manual-clock.ts';
import { ip } from '../shared/plan/cluster.ts';

interface StoredEvent {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly involvedObject: object;
  readonly reason: string;
  readonly message: string;
  readonly type: string;
}

function recorder(assigns: EventRecorderOptions['assigns'] = 'aws') {
  const client = new FakeKubeClient();
  const errors: unknown[] = [];
  const events = new EventRecorder({
    client,
    identity: 'replica-1',
    assigns,
    uidOf: (_kind, name) => (name === 'gone' ? undefined : `uid-of-${name}`),
    wallClock: () => new Date('2026-11-22T08:00:00.123Z'),
    onError: (error) => errors.push(error),
  });
  const stored = () => client.all(EVENTS) as unknown as StoredEvent[];
  return { client, events, errors, stored, told: () => stored().map(({ message }) => message) };
}

function trouble(message: string, name = 'a', reason = 'NoHost'): Notice {
  return { about: { kind: 'Namespace', name }, type: 'Warning', reason, message };
}

t.test('a trouble is told once, however many passes see it', async (t) => {
  const { events, told } = recorder();
  for (let pass = 0; pass < 3; pass += 1) {
    events.troubles([trouble('no room')]);
    await settled();
  }
  t.same(told(), ['no room']);
});

t.test('a trouble is told anew when it changes, and when it comes back', async (t) => {
  const { events, told } = recorder();
  for (const message of ['no room', 'no node', undefined, 'no node']) {
    events.troubles(message === undefined ? [] : [trouble(message)]);
    await settled();
  }
  t.same(told(), ['no room', 'no node', 'no node']);
});

t.test('two troubles of one kind about one namespace are told once each', async (t) => {
  const { events, told } = recorder();
  for (let pass = 0; pass < 3; pass += 1) {
    events.troubles([trouble('10.0.1.10 has no node'), trouble('10.0.2.10 has no node')]);
    await settled();
  }
  t.same(told(), ['10.0.1.10 has no node', '10.0.2.10 has no node']);
});

t.test('an event lives where those look whom it concerns', async (t) => {
  const { events, stored } = recorder();
  events.troubles([
    trouble('no room'),
    { about: { kind: 'EgressIPAM', name: 'pool' }, type: 'Warning', reason: 'Full', message: 'full' },
    trouble('who?', 'gone'),
  ]);
  await settled();
  const [namespace, egressIPAM, gone] = stored();
  t.match(namespace, {
    metadata: { namespace: 'a' },
    involvedObject: { apiVersion: 'v1', kind: 'Namespace', name: 'a', namespace: 'a', uid: 'uid-of-a' },
    type: 'Warning',
    reason: 'NoHost',
    firstTimestamp: '2026-11-22T08:00:00Z',
  });
  t.match(egressIPAM, {
    metadata: { namespace: 'default' },
    involvedObject: { apiVersion: 'redhatcop.redhat.io/v1alpha1', kind: 'EgressIPAM', uid: 'uid-of-pool' },
  });
  t.notOk('uid' in (gone?.involvedObject ?? {}));
  t.equal(new Set(stored().map(({ metadata }) => metadata.name)).size, 3, 'names are unique');
});

function patch(egressIPs: readonly string[]): Action {
  const add = egressIPs.map(ip);
  return {
    kind: 'patchNetNamespace',
    namespace: 'a',
    resourceVersion: '1',
    add,
    remove: [],
    egressIPs,
    checks: [],
  };
}

t.test('where the platform assigns, an IP is called active when it has', async (t) => {
  const { events, told } = recorder('platform');
  const texts = ['10.0.1.10', '10.0.2.10'];
  const used = { name: 'a', resourceVersion: '2', egressIPs: texts, ips: new Set(texts.map(ip)) };
  const observe = async (...assigned: string[]) => {
    const of = (text: string) => ({ isAssigned: assigned.includes(text), refusal: undefined });
    const platformAssignments = new Map(texts.map((text) => [ip(text), of(text)]));
    events.observed({ netNamespaces: new Map([['a', used]]), platformAssignments });
    await settled();
  };
  events.done(patch(texts));
  await observe();
  await observe('10.0.1.10');
  t.same(told(), []);
  await observe(...texts);
  await observe(...texts);
  t.same(told(), ['Traffic of this namespace leaves the cluster from 10.0.1.10, 10.0.2.10']);
  events.done(patch(texts));
  events.done(patch([]));
  await observe(...texts);
  t.match(told().slice(1), [/from the addresses of its nodes/], 'what is off again was never active');
});

t.test('what was carried out is told in the words of tenants', async (t) => {
  const { events, told } = recorder();
  const annotate = { kind: 'annotate', namespace: 'a', resourceVersion: '1', why: 'it had none' } as const;
  events.done(patch(['10.0.1.10', '10.0.2.10']));
  events.done(patch([]));
  events.done({ ...annotate, egressIPs: '10.0.1.10' });
  events.done({ ...annotate, egressIPs: undefined });
  events.done({ kind: 'release', ip: ip('10.0.1.10'), checks: [] });
  await settled();
  t.same(told(), [
    'Traffic of this namespace leaves the cluster from 10.0.1.10, 10.0.2.10',
    'Traffic of this namespace leaves the cluster from the addresses of its nodes, as it has no egress IP',
    'The egress IPs of this namespace are now 10.0.1.10: it had none',
  ]);
});

t.test('a namespace that is gone, or on its way out, is no error', async (t) => {
  const { client, events, errors } = recorder();
  client.fault = ({ name }) =>
    name.startsWith('gone')
      ? new ApiError('notFound', 'no such namespace')
      : new ApiError('forbidden', 'ends');
  events.troubles([trouble('one', 'gone'), trouble('two', 'terminating')]);
  await settled();
  t.same(errors, []);
});

t.test('an event that could not be written is reported, and keeps back no other', async (t) => {
  const { client, events, errors, told } = recorder();
  client.fault = ({ name }) => (name.startsWith('a.') ? new ApiError('unavailable', 'no answer') : undefined);
  events.troubles([trouble('one', 'a'), trouble('two', 'b')]);
  await settled();
  t.equal(errors.length, 1);
  t.same(told(), ['two']);
});

t.test('a flood leaves the latest out, and nothing is told after the end', async (t) => {
  const { client, events, told } = recorder();
  const gate = Promise.withResolvers<void>();
  client.underWay = () => gate.promise;
  events.troubles(Array.from({ length: 5_000 }, (_, i) => trouble(`trouble ${i}`, `ns-${i}`)));
  const stopping = events.stop();
  gate.resolve();
  await stopping;
  events.troubles([trouble('too late')]);
  await settled();
  t.same(told(), ['trouble 0'], 'the one that was being written');

  const open = recorder();
  open.events.troubles(Array.from({ length: 5_000 }, (_, i) => trouble(`trouble ${i}`, `ns-${i}`)));
  for (let i = 0; i < 1_000; i += 1) await settled();
  t.equal(open.told().length, 1_001);
});
