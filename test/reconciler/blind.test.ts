// What EC2 does not tell is unknown, not empty: whatever a term finds when it begins, and however long EC2 keeps silent
// then, nothing is taken from anybody that would not be taken with everything known, and in the end it comes to the same.
import t from 'tap';
import { claimObject, RELEASED_CONDITION } from '../../shared/allocation.ts';
import { DEFAULT_REUSE_GRACE_PERIOD } from '../../shared/egressipam.ts';
import { type IPv4, parseIPv4 } from '../../shared/ip.ts';
import type { Phase } from '../../shared/kinds.ts';
import {
  ALLOCATIONS,
  EGRESSIPAMS,
  HOST_SUBNETS,
  NAMESPACES,
  NET_NAMESPACES,
} from '../../shared/kube/resources.ts';
import { EGRESSIPS_ANNOTATION, FINALIZER, RELEASE_ALL_ANNOTATION } from '../../shared/names.ts';
import { formatAddress } from '../sandbox/ipv4.ts';
import { nowhereTwice, type Promised } from './promises.ts';
import { startReplica, TIMES } from './replica.ts';
import { SmallCluster } from './small-cluster.ts';

const SECOND = 1_000;
/** Until everything that nothing hinders is through: a move after the hold, a release, a rest of the default length. */
const LONG = TIMES.notReadyHold + TIMES.claimGrace + DEFAULT_REUSE_GRACE_PERIOD + 60 * SECOND;
const IPS = ['10.0.1.20', '10.0.2.20'];

type Change = (cluster: SmallCluster) => void;

/** What happens to namespace a, which nodes n1 and n3 serve: before the term begins, or when EC2 falls silent in it. */
const HAPPENS: Readonly<Record<string, Change>> = {
  nothing: () => {},
  'another namespace is admitted': (it) => it.admit('b', 'blue', ['10.0.1.30', '10.0.2.30']),
  'it lists another IP': (it) => it.admit('a', 'blue', ['10.0.1.21', '10.0.2.20']),
  'it opts out': (it) => it.annotate('a', {}),
  'it is gone': (it) => it.deleteNamespace('a'),
  'it is gone, and another of its name is admitted': (it) => {
    it.deleteNamespace('a');
    it.admit('a', 'blue', ['10.0.1.21', '10.0.2.21']);
  },
  'a node fails': (it) => it.setNode('n1', { ready: false }),
  'a node fails, and its instance is gone': (it) => {
    it.setNode('n1', { ready: false });
    it.terminate('n1');
  },
  'a node is cordoned': (it) => it.setNode('n1', { cordoned: true }),
  'a node is deleted': (it) => it.deleteNode('n1'),
  'a zone’s last node fails': (it) => it.setNode('n3', { ready: false }),
  'its EgressIPAM, which releases everything, is being deleted': (it) => {
    const { metadata, ...rest } = it.kube.stored(EGRESSIPAMS, 'blue') ?? {};
    const annotations = { [RELEASE_ALL_ANNOTATION]: 'true' };
    const deletionTimestamp = it.wallClock().toISOString();
    it.kube.put(EGRESSIPAMS, { ...rest, metadata: { ...metadata, annotations, deletionTimestamp } });
  },
};

/** What else a term may find. */
const FOUND: Readonly<Record<string, Change>> = {
  ...Object.fromEntries(
    Object.entries(HAPPENS).map(([what, change]) => [
      what,
      (cluster: SmallCluster) => {
        serve(cluster);
        change(cluster);
      },
    ]),
  ),
  'claims whose namespace was never changed': (it) => {
    for (const ip of IPS) claim(it, ip);
    it.annotate('a', { egressIPAM: 'blue' });
  },
  'a namespace that was admitted while the webhook was away': (it) =>
    it.annotate('a', { egressIPAM: 'blue' }),
  'a release under way': (it) => {
    serve(it);
    it.annotate('a', {});
    takeOffLists(it);
    for (const ip of IPS) setPhase(it, ip, 'Releasing');
  },
  'IPs that rest, and are back on their interfaces': (it) => {
    serve(it);
    it.annotate('a', {});
    takeOffLists(it);
    for (const ip of IPS) setPhase(it, ip, 'Resting');
  },
  'what the Go operator has served': (it) => {
    serve(it);
    for (const ip of IPS) it.kube.remove(ALLOCATIONS, ip);
  },
};

/** How EC2 keeps silent; returns what ends it. */
const SILENCES: Readonly<Record<string, (cluster: SmallCluster) => () => void>> = {
  'EC2 does not answer': ({ ec2 }) => {
    const answers = Promise.withResolvers<void>();
    const instances = ec2.instances.bind(ec2);
    ec2.instances = (...query) => answers.promise.then(() => instances(...query));
    return answers.resolve;
  },
  'EC2 is out of reach': (it) => refuse(it, () => true),
  'EC2 tells nothing of instance types': (it) => refuse(it, (call) => call.startsWith('typeLimits')),
  'EC2 does not know one instance': (it) => {
    const { ec2 } = it;
    const [instances, hidden] = [ec2.instances, it.eni('n1')];
    ec2.instances = async (...query) => {
      const { items, ...page } = await instances.apply(ec2, query);
      return { ...page, items: items.filter(({ primaryInterface }) => primaryInterface?.id !== hidden) };
    };
    return () => {
      ec2.instances = instances;
    };
  },
  'EC2 tells nothing of one subnet': (it) => {
    const eni = it.ec2.account.state.interfaces.get(it.eni('n1'));
    return refuse(it, (call) => call === `interfaces ${eni?.subnetId}`);
  },
};

for (const [found, tell] of Object.entries(FOUND)) {
  t.test(`a term finds: ${found}`, async (t) => {
    const told = clusterOf(tell);
    startReplica(told);
    await told.clock.advance(LONG);
    const wanted = places(told);
    for (const [silence, begin] of Object.entries(SILENCES)) {
      const cluster = clusterOf(tell);
      const end = begin(cluster);
      startReplica(cluster);
      await staysBlind(cluster, wanted, end);
      t.same(cluster.faults, [], `${silence} from the start`);
      t.same(kindsOf(cluster), kindsOf(told), `${silence} from the start: in the end it comes to the same`);
    }
    const change = HAPPENS[found];
    if (change === undefined) return;
    for (const [silence, begin] of Object.entries(SILENCES)) {
      const cluster = clusterOf(serve);
      startReplica(cluster);
      await cluster.clock.advance(5 * SECOND);
      const end = begin(cluster);
      await cluster.clock.advance(2 * TIMES.resync);
      change(cluster);
      await staysBlind(cluster, wanted, end);
      t.same(cluster.faults, [], `${silence} before that happens`);
      t.same(
        kindsOf(cluster),
        kindsOf(told),
        `${silence} before that happens: in the end it comes to the same`,
      );
    }
  });
}

/** EC2 is silent for long, and then for long it is not. */
async function staysBlind(
  cluster: SmallCluster,
  wanted: ReadonlySet<string>,
  end: () => void,
): Promise<void> {
  cluster.judges.push(staysWhereItStays(places(cluster), wanted), leaksNothing(cluster));
  await cluster.clock.advance(LONG);
  end();
  await cluster.clock.advance(LONG);
}

t.test('the control: what goes is seen, and what leaks, too', async (t) => {
  const cluster = clusterOf(serve);
  const all = places(cluster);
  cluster.judges = [staysWhereItStays(all, all), leaksNothing(cluster)];
  takeOffLists(cluster);
  setPhase(cluster, '10.0.1.20', 'Resting');
  cluster.look();
  t.match(cluster.faults, [
    '10.0.1.20 is not on NetNamespace a any more',
    '10.0.2.20 is not on NetNamespace a any more',
    '10.0.1.20 is not on HostSubnet n1 any more',
    '10.0.2.20 is not on HostSubnet n3 any more',
    `10.0.1.20 is left behind on ${cluster.eni('n1')}`,
  ]);
});

function clusterOf(tell: (cluster: SmallCluster) => void): SmallCluster {
  const cluster = new SmallCluster({ cloud: 'aws', nodes: { n1: 'a', n2: 'a', n3: 'b' } });
  cluster.addEgressIPAM('blue', { '10.0.1.0/26': 'a', '10.0.2.0/26': 'b' });
  tell(cluster);
  cluster.judges = [nowhereTwice];
  return cluster;
}

function serve(cluster: SmallCluster): void {
  cluster.serve('a', 'blue', { '10.0.1.20': 'n1', '10.0.2.20': 'n3' });
}

function claim(cluster: SmallCluster, text: string): void {
  const ip = parseIPv4(text) as IPv4;
  const cidr = text.startsWith('10.0.1.') ? '10.0.1.0/26' : '10.0.2.0/26';
  const of = { ip, namespace: 'a', egressIPAM: 'blue', cidr, origin: 'automatic' as const };
  cluster.kube.put(ALLOCATIONS, claimObject(of, text));
}

function takeOffLists({ kube }: SmallCluster): void {
  for (const it of kube.all(NET_NAMESPACES)) kube.put(NET_NAMESPACES, { ...it, egressIPs: [] });
  for (const it of kube.all(HOST_SUBNETS)) kube.put(HOST_SUBNETS, { ...it, egressIPs: [] });
}

function setPhase(cluster: SmallCluster, ip: string, phase: Phase): void {
  const { metadata, status, ...rest } = cluster.kube.stored(ALLOCATIONS, ip) ?? {};
  const lastTransitionTime = cluster.wallClock().toISOString();
  const released = {
    type: RELEASED_CONDITION,
    status: 'True',
    reason: 'Released',
    message: '',
    lastTransitionTime,
  };
  const isResting = phase === 'Resting';
  cluster.kube.put(ALLOCATIONS, {
    ...rest,
    metadata: { ...metadata, finalizers: isResting ? [] : (metadata?.finalizers ?? []) },
    status: { ...status, phase, conditions: isResting ? [released] : [] },
  });
}

function refuse({ ec2 }: SmallCluster, isRefused: (call: string) => boolean): () => void {
  ec2.refuses = (call) => (isRefused(call) ? 'Unreachable' : undefined);
  return () => {
    ec2.refuses = () => undefined;
  };
}

/** `10.0.1.20 is on HostSubnet n1`: everything that anybody has, as sentences. */
function places({ kube, nodeInterfaces }: SmallCluster): ReadonlySet<string> {
  const found: string[] = [];
  const on = (what: string, ips: readonly string[] = []) => {
    for (const ip of ips) found.push(`${ip} is on ${what}`);
  };
  for (const it of kube.all(NET_NAMESPACES)) on(`NetNamespace ${it.metadata.name}`, it.egressIPs);
  for (const it of kube.all(HOST_SUBNETS)) on(`HostSubnet ${it.metadata.name}`, it.egressIPs);
  for (const { id, secondary } of nodeInterfaces) on(id, secondary.map(formatAddress));
  for (const { metadata } of kube.all(NAMESPACES))
    on(`the list of ${metadata.name}`, metadata.annotations?.[EGRESSIPS_ANNOTATION]?.split(','));
  for (const { metadata, spec } of kube.all(ALLOCATIONS))
    found.push(`${metadata.name} is on ${spec.namespace}’s account`);
  return new Set(found);
}

/** The same, whichever nodes it is that host the IPs: what is new goes to those that can be read. */
function kindsOf(cluster: SmallCluster): string[] {
  return [...places(cluster)].map((place) => place.replace(/(HostSubnet|eni)\b.*/, '$1')).sort();
}

/** What was there at first, and is there in the end when all is told, is there all the time. */
function staysWhereItStays(first: ReadonlySet<string>, last: ReadonlySet<string>): Promised {
  const staying = [...first].filter((place) => last.has(place));
  return (cluster) => {
    const now = places(cluster);
    return staying
      .filter((place) => !now.has(place))
      .map((place) => `${place.replace(' is on ', ' is not on ')} any more`);
  };
}

/** Whatever is on an interface has an allocation or a namespace that lists it, and what is ours is ours until it is off. */
function leaksNothing(first: SmallCluster): Promised {
  const ours = new Set(oursIn(first));
  return (cluster) => {
    const { kube, nodeInterfaces } = cluster;
    const now = oursIn(cluster);
    const listed = kube
      .all(NAMESPACES)
      .flatMap(({ metadata }) => metadata.annotations?.[EGRESSIPS_ANNOTATION]?.split(',') ?? []);
    return nodeInterfaces.flatMap(({ id, secondary }) =>
      secondary.map(formatAddress).flatMap((ip) => {
        const isKnown = kube.stored(ALLOCATIONS, ip) !== undefined || listed.includes(ip);
        return isKnown && (!ours.has(ip) || now.includes(ip)) ? [] : [`${ip} is left behind on ${id}`];
      }),
    );
  };
}

function oursIn({ kube }: SmallCluster): string[] {
  const ours = kube.all(ALLOCATIONS).filter(({ metadata }) => metadata.finalizers?.includes(FINALIZER));
  return ours.map(({ metadata }) => metadata.name);
}
