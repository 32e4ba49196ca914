// What becomes of a namespace's IPs when its annotations change, on AWS; and of its traffic meanwhile.
import t from 'tap';
import { ALLOCATIONS, EVENTS, NAMESPACES } from '../../shared/kube/resources.ts';
import { EGRESSIPAM_ANNOTATION, EGRESSIPS_ANNOTATION } from '../../shared/names.ts';
import { startCluster } from './cluster.ts';
import { createEgressIPAM, ipsOf, REST, zonedSpec } from './egressipams.ts';
import { eventually } from './eventually.ts';
import { History, shortly } from './history.ts';
import {
  allocationsOf,
  annotate,
  createNamespace,
  egressIPsOf,
  refusal,
  untilLeavesFrom,
  untilReleased,
} from './namespaces.ts';
import { rightsSuffice } from './rights.ts';

const cluster = await startCluster({ platform: 'aws', nodes: 6 });
t.teardown(() => cluster.stop());

const EGRESSIPAM = 'e2e-changes';
const SLICE = 2;
const OTHER = 'e2e-others';
const OTHER_SLICE = 3;
await createEgressIPAM(cluster, EGRESSIPAM, zonedSpec(cluster, SLICE));
await createEgressIPAM(cluster, OTHER, zonedSpec(cluster, OTHER_SLICE));

/** Opted in, with these IPs in use. */
async function served(name: string, ips: readonly string[]): Promise<void> {
  await createNamespace(cluster, name, { egressIPAM: EGRESSIPAM, egressIPs: ips.join() });
  await untilLeavesFrom(cluster, name, ips);
}

/** Recorded from here on until `verdictsOn` or the end of the test. */
async function record(t: { teardown(handler: () => Promise<void>): unknown }): Promise<History> {
  const history = await History.start(cluster.client);
  t.teardown(() => history.stop());
  return history;
}

t.test(
  'an edited list is carried out without a moment in which traffic is dropped or leaves from the node',
  async (t) => {
    const before = ipsOf(cluster, SLICE, 20);
    const after = ipsOf(cluster, SLICE, 21);
    await served('e2e-edited', before);
    const history = await record(t);
    await annotate(cluster, 'e2e-edited', { egressIPs: after.join() });
    await untilLeavesFrom(cluster, 'e2e-edited', after);
    await untilReleased(cluster, before);
    const verdicts = await history.verdictsOn('e2e-edited');
    t.strictSame(
      verdicts.map(({ egress }) => egress).filter((egress) => egress !== 'active'),
      [],
      verdicts.map(shortly).join(' | '),
    );
    t.equal(shortly(verdicts.at(-1)), `active from ${[...after].sort().join()}`);
  },
);

t.test('a list that is edited to what cannot be is refused and changes nothing', async (t) => {
  const [one, two, three] = ipsOf(cluster, SLICE, 22) as [string, string, string];
  await served('e2e-misedited', [one, two, three]);
  const { status, message } = await refusal(() =>
    annotate(cluster, 'e2e-misedited', { egressIPs: `${one},${two},10.9.9.9` }),
  );
  t.equal(status, 422);
  t.match(message, '10.9.9.9 is in no CIDR of EgressIPAM "e2e-changes"');
  const stored = await cluster.client.get(NAMESPACES, 'e2e-misedited');
  t.strictSame(egressIPsOf(stored), [one, two, three]);
});

t.test('a list that is taken away, or a part of it, is put back', async (t) => {
  const ips = ipsOf(cluster, SLICE, 23);
  await served('e2e-forgetful', ips);
  const whole = await annotate(cluster, 'e2e-forgetful', { egressIPs: null });
  t.strictSame(egressIPsOf(whole), ips);
  const path = '/api/v1/namespaces/e2e-forgetful';
  const patch = { metadata: { annotations: { [EGRESSIPS_ANNOTATION]: ips[0] } } };
  const { body, warnings } = await cluster.raw.request('PATCH', path, patch);
  t.strictSame(egressIPsOf(body as Parameters<typeof egressIPsOf>[0]), ips);
  t.equal(warnings.length, 1, warnings.join());
});

t.test('any other change of an opted-in namespace passes, and its IPs stay', async (t) => {
  const ips = ipsOf(cluster, SLICE, 24);
  await served('e2e-labelled', ips);
  const patch = { metadata: { labels: { 'example.com/team': 'a' } } };
  const changed = await cluster.client.patch(
    NAMESPACES,
    'e2e-labelled',
    'application/merge-patch+json',
    patch,
  );
  t.match(changed.metadata.labels, patch.metadata.labels);
  t.strictSame(egressIPsOf(changed), ips);
});

t.test(
  'opting out takes the list off at once, then the IPs out of use; they rest before they are free',
  async (t) => {
    const ips = ipsOf(cluster, SLICE, 25);
    await served('e2e-opts-out', ips);
    const changed = await annotate(cluster, 'e2e-opts-out', { egressIPAM: null });
    t.equal(changed.metadata.annotations?.[EGRESSIPAM_ANNOTATION], undefined);
    t.equal(changed.metadata.annotations?.[EGRESSIPS_ANNOTATION], undefined, 'the list goes along');
    await untilLeavesFrom(cluster, 'e2e-opts-out', []);
    // Each by itself: the first may be free before the last rests.
    const rested = new Set<string>();
    await eventually(
      `${ips.join()} are free after ${REST}`,
      async () => {
        const all = await allocationsOf(cluster, ips);
        for (const allocation of all) if (allocation.endsWith(' Resting')) rested.add(allocation);
        return all;
      },
      (all) => all.length === 0,
    );
    t.strictSame([...rested].sort(), ips.map((ip) => `${ip} Resting`).sort());
    await untilReleased(cluster, ips);
  },
);

t.test(
  'a namespace that points to another EgressIPAM gets IPs of that one, and gives the old ones back after',
  async (t) => {
    const before = ipsOf(cluster, SLICE, 26);
    await served('e2e-repointed', before);
    const history = await record(t);
    const changed = await annotate(cluster, 'e2e-repointed', { egressIPAM: OTHER });
    const after = egressIPsOf(changed);
    t.equal(after.length, before.length);
    t.notOk(
      after.some((ip) => before.includes(ip)),
      'all are new',
    );
    const allocations = await Promise.all(after.map((ip) => cluster.client.get(ALLOCATIONS, ip)));
    t.ok(allocations.every((allocation) => allocation?.spec.egressIPAM === OTHER));
    await untilLeavesFrom(cluster, 'e2e-repointed', after);
    await untilReleased(cluster, before);
    const verdicts = await history.verdictsOn('e2e-repointed');
    t.ok(
      verdicts.every(({ egress }) => egress === 'active'),
      verdicts.map(shortly).join(' | '),
    );
  },
);

t.test('tenants are told by events in their own namespace', async (t) => {
  const ips = ipsOf(cluster, SLICE, 27);
  await served('e2e-told', ips);
  interface Event {
    readonly reason?: string;
    readonly message?: string;
    readonly metadata: { readonly namespace?: string };
  }
  const events = await eventually(
    'an event says from where traffic leaves',
    async () => (await cluster.client.list(EVENTS, { namespace: 'e2e-told' })).items as unknown as Event[],
    (items) =>
      items.some(
        ({ reason, message }) => reason === 'EgressIPsActive' && ips.every((ip) => message?.includes(ip)),
      ),
  );
  t.ok(events.every(({ metadata }) => metadata.namespace === 'e2e-told'));
});

rightsSuffice(t, cluster);
