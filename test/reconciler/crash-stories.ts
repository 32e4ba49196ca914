// The stories in which the process is killed at every call: how the cluster stands when each begins, what happens then, and
// what must not be interrupted by any of it.
import { EGRESSIPAMS } from '../../shared/kube/resources.ts';
import { RELEASE_ALL_ANNOTATION } from '../../shared/names.ts';
import { neverDropped, nowhereTwice, oursOnly, type Promised, withForeign } from './promises.ts';
import { SmallCluster, type SmallClusterOptions } from './small-cluster.ts';

export interface Story {
  readonly title: string;
  /** The cluster as it stands, all quiet. */
  readonly begin: () => SmallCluster;
  readonly happens: (cluster: SmallCluster) => void | Promise<void>;
}

const NODES = { n1: 'a', n2: 'a', n3: 'b', n4: 'b' } as const;
const ONE_CIDR = { '10.0.1.0/26': 'a' } as const;
const TWO_CIDRS = { '10.0.1.0/26': 'a', '10.0.2.0/26': 'b' } as const;

/** With one namespace of each EgressIPAM being served, and foreign addresses on n1. */
function cluster(cloud: SmallClusterOptions['cloud'], ...promises: readonly Promised[]): SmallCluster {
  const built = new SmallCluster({ cloud, nodes: NODES });
  built.addEgressIPAM('blue', TWO_CIDRS);
  built.serve('served', 'blue', { '10.0.1.20': 'n1', '10.0.2.20': 'n3' });
  const { foreign, isUntouched } = withForeign(built, 'n1');
  built.judges = [nowhereTwice, oursOnly(foreign), isUntouched, neverDropped('served', 'new'), ...promises];
  return built;
}

/** With EgressIPAM `green` of one CIDR beside it, which serves `single`. */
function withSingle(...promises: readonly Promised[]): SmallCluster {
  const built = cluster('aws', ...promises);
  built.addEgressIPAM('green', { '10.0.1.64/26': 'a' });
  built.serve('single', 'green', { '10.0.1.70': 'n2' });
  return built;
}

export const STORIES: readonly Story[] = [
  {
    title: 'grant: a namespace that the webhook has let in',
    begin: () => cluster('aws'),
    happens: (it) => it.admit('new', 'blue', ['10.0.1.21', '10.0.2.21']),
  },
  {
    title: 'grant: a namespace that slipped by the webhook',
    begin: () => cluster('aws'),
    happens: (it) => it.annotate('new', { egressIPAM: 'blue' }),
  },
  {
    title: 'grant on bare metal: several CIDRs, placed by us',
    begin: () => cluster('none'),
    happens: (it) => it.admit('new', 'blue', ['10.0.1.21', '10.0.2.21']),
  },
  {
    title: 'revoke: a namespace opts out',
    begin: () => cluster('aws'),
    happens: (it) => it.annotate('served', {}),
  },
  {
    title: 'revoke: a namespace is deleted',
    begin: () => cluster('aws'),
    happens: (it) => it.deleteNamespace('served'),
  },
  {
    title: 'change: a namespace lists another IP',
    begin: () => cluster('aws', neverDropped('served')),
    happens: (it) => it.admit('served', 'blue', ['10.0.1.22', '10.0.2.20']),
  },
  {
    title: 'move: a node is cordoned',
    begin: () => withSingle(),
    happens: (it) => it.setNode('n1', { cordoned: true }),
  },
  {
    title: 'failover: the node of an only IP is lost',
    begin: () => withSingle(),
    happens(it) {
      it.setNode('n2', { ready: false });
    },
  },
  {
    title: 'failover: the instance is terminated',
    begin: () => withSingle(),
    happens(it) {
      it.terminate('n2');
      it.setNode('n2', { ready: false });
    },
  },
  {
    title: 'move: a node is deleted',
    begin: () => withSingle(),
    happens(it) {
      it.terminate('n2');
      it.deleteNode('n2');
    },
  },
  {
    title: 'change: a namespace goes over to another EgressIPAM',
    begin: () => withSingle(neverDropped('single')),
    happens: (it) => it.admit('single', 'blue', ['10.0.1.23', '10.0.2.23']),
  },
  {
    title: 'grant: a namespace that has chosen its IPs and slipped by the webhook',
    begin: () => cluster('aws'),
    happens: (it) => it.annotate('new', { egressIPAM: 'blue', egressIPs: '10.0.1.24,10.0.2.24' }),
  },
  {
    title: 'deletion of an EgressIPAM that releases everything',
    begin: () => withSingle(),
    async happens(it) {
      const stored = it.kube.stored(EGRESSIPAMS, 'green');
      const metadata = { ...stored?.metadata, annotations: { [RELEASE_ALL_ANNOTATION]: 'true' } };
      it.kube.put(EGRESSIPAMS, { ...stored, metadata });
      await it.kube.delete(EGRESSIPAMS, 'green', {});
    },
  },
  {
    title: 'deletion on bare metal, where the SDN places',
    begin() {
      const built = new SmallCluster({ cloud: 'none', nodes: NODES });
      built.addEgressIPAM('green', ONE_CIDR);
      built.admit('served', 'green', ['10.0.1.20']);
      built.judges = [nowhereTwice];
      return built;
    },
    async happens(it) {
      const stored = it.kube.stored(EGRESSIPAMS, 'green');
      const metadata = { ...stored?.metadata, annotations: { [RELEASE_ALL_ANNOTATION]: 'true' } };
      it.kube.put(EGRESSIPAMS, { ...stored, metadata });
      await it.kube.delete(EGRESSIPAMS, 'green', {});
    },
  },
];
