// What the Go operator got wrong and admission must get right, by the number of the defect (D2, D12 …) in our list of its
// defects. Each of these let a namespace have an address it must not have, or stopped everybody because of one.
import { readdirSync, readFileSync } from 'node:fs';
import { load, loadAll } from 'js-yaml';
import t from 'tap';
import type { EgressIPAMObject, NamespaceObject } from '../../shared/kinds.ts';
import {
  ALLOCATIONS,
  EGRESSIPAMS,
  HOST_SUBNETS,
  NAMESPACES,
  NET_NAMESPACES,
} from '../../shared/kube/resources.ts';
import {
  A,
  allocation,
  B,
  create,
  hostSubnet,
  namespace,
  netNamespace,
  optedIn,
  pool,
  update,
} from './build.ts';
import { patchedList, Replica, replicaOf, tell } from './replica.ts';

t.test('D2: what AWS keeps follows from the real subnet, and host bits are refused', async (t) => {
  const answer = replicaOf([]).admission.egressIPAM(create(pool({ cidrs: ['10.0.128.5/28'] })));
  t.match(
    tell(answer),
    /^422: spec.cidrAssignments\[0\].CIDR: "10.0.128.5\/28" has host bits set; the network is 10.0.128.0\/28/,
  );
  // A CIDR in the midst of a subnet: of it AWS keeps nothing; of one at its beginning, the first four.
  const part = (CIDR: string, ...inUse: string[]) =>
    pool({
      cidrs: [CIDR],
      status: {
        cloud: 'aws',
        observedGeneration: 1,
        cidrs: [{ CIDR, labelValue: 'z', size: 16, usable: 14, allocated: 0, resting: 0, free: 14, inUse }],
      },
    });
  const midst = replicaOf([[EGRESSIPAMS, part('10.0.128.16/28')]]);
  t.equal(tell(await midst.ask(create(optedIn('a', '10.0.128.17')))), 'allowed');
  const beginning = replicaOf([[EGRESSIPAMS, part(A, '10.0.128.0-10.0.128.3')]]);
  t.match(
    tell(await beginning.ask(create(optedIn('a', '10.0.128.3')))),
    /^422: .*is kept or used by the cloud/,
  );
});

t.test(
  'D12: a pool with namespaces grows, IPs in any order stay, and the missing one is filled in',
  async (t) => {
    const grown = pool({
      cidrs: ['10.0.160.0/28', A, B],
      metadata: { generation: 2 },
      status: { cloud: 'none', observedGeneration: 2 },
    });
    const before = optedIn('a', '10.0.144.7,10.0.128.7');
    const replica = replicaOf([
      [EGRESSIPAMS, pool()],
      [NAMESPACES, before],
    ]);
    t.equal(tell(replica.admission.egressIPAM(update(pool(), grown))), 'allowed');
    replica.api.put(EGRESSIPAMS, grown);
    replica.sync();
    t.equal(
      tell(await replica.ask(update(before, labelled(before)))),
      'allowed',
      'whatever else is done to it',
    );
    t.equal(
      tell(await replica.ask(update(before, optedIn('a', '10.0.144.7,10.0.128.7,10.0.160.3')))),
      'allowed',
      'as the reconciler fills it in',
    );
    t.equal(tell(await replica.ask(update(before, optedIn('a')))), 'list 10.0.144.7,10.0.128.7');
  },
);

t.test('D13: one bad namespace stops nobody, and re-pointing one stops no other pool', async (t) => {
  const replica = replicaOf([
    [EGRESSIPAMS, pool()],
    [EGRESSIPAMS, pool({ name: 'other', cidrs: ['10.0.160.0/28'] })],
    [NAMESPACES, optedIn('bad', 'nonsense,10.9.9.9')],
    [NAMESPACES, optedIn('worse', '10.0.160.3,10.0.128.4')],
  ]);
  t.match(tell(await replica.ask(create(optedIn('a')))), /^list /);
  t.match(
    tell(
      await replica.ask(
        update(optedIn('b', '10.0.128.9,10.0.144.9'), optedIn('b', '10.0.128.9,10.0.144.9', 'other')),
      ),
    ),
    /^list 10\.0\.160\./,
  );
  t.match(tell(await replica.ask(create(optedIn('c')))), /^list /);
});

t.test('D14: explicit IPs are checked against others, reserved ones, nodes and the cloud', async (t) => {
  const cidr = { CIDR: A, labelValue: 'z', reservedIPs: ['10.0.128.2'] };
  const status = { size: 16, usable: 9, allocated: 1, resting: 0, free: 8, inUse: ['10.0.128.3'] };
  const replica = replicaOf([
    [
      EGRESSIPAMS,
      pool({
        cidrs: [cidr],
        status: { cloud: 'aws', observedGeneration: 1, cidrs: [{ ...cidr, ...status }] },
      }),
    ],
    [HOST_SUBNETS, hostSubnet('n1', '10.0.128.4', '10.0.128.5')],
    [NET_NAMESPACES, netNamespace('b', '10.0.128.6')],
    [ALLOCATIONS, allocation('10.0.128.7', 'b')],
    [NAMESPACES, optedIn('b', '10.0.128.8')],
  ]);
  for (const last of [0, 2, 3, 4, 5, 6, 7, 8, 15, 16]) {
    const answer = await replica.ask(create(optedIn('a', `10.0.128.${last}`)));
    t.equal(answer.allowed, false, `10.0.128.${last}`);
  }
  for (const last of [1, 9, 14]) {
    const answer = await replica.ask(create(optedIn(`n${last}`, `10.0.128.${last}`)));
    t.equal(answer.allowed, true, `10.0.128.${last}`);
  }
});

t.test('D15: two replicas with the same cache do not give one IP to two namespaces', async (t) => {
  const first = replicaOf([[EGRESSIPAMS, pool({ cidrs: [A] })]]);
  const second = new Replica({ api: first.api, name: 'second' });
  second.sync();
  const names = Array.from({ length: 14 }, (_, index) => `n${index}`);
  const answers = await Promise.all(
    names.map((name, index) => (index % 2 === 0 ? first : second).ask(create(optedIn(name)))),
  );
  t.equal(new Set(answers.map(patchedList)).size, 14, 'all fourteen, to the last');
  t.match(tell(await second.ask(create(optedIn('late')))), /^422: .*has no free IP/);
});

t.test('D16: a CIDR that is full concerns only those who want an IP of it', async (t) => {
  const full = Array.from(
    { length: 14 },
    (_, i) => [ALLOCATIONS, allocation(`10.0.128.${i + 1}`, `n${i}`)] as const,
  );
  const replica = replicaOf([
    [EGRESSIPAMS, pool()],
    [EGRESSIPAMS, pool({ name: 'other', cidrs: ['10.0.160.0/28'] })],
    ...full,
  ]);
  t.match(
    tell(await replica.ask(create(optedIn('a')))),
    /^422: .*10\.0\.128\.0\/28 of EgressIPAM "pool" has no free IP/,
  );
  t.match(tell(await replica.ask(create(optedIn('a', undefined, 'other')))), /^list 10\.0\.160\./);
  t.match(
    tell(await replica.ask(create(optedIn('n3')))),
    /^list 10\.0\.128\.4,10\.0\.144\./,
    'who has one keeps it',
  );
  t.equal(
    tell(await replica.ask(update(optedIn('n3', '10.0.128.4'), labelled(optedIn('n3', '10.0.128.4'))))),
    'allowed',
  );
});

t.test('D29: every sample is admitted', async (t) => {
  const samples = new URL('../../manifests/samples/', import.meta.url);
  for (const folder of readdirSync(samples)) {
    const read = (file: string) => readFileSync(new URL(`${folder}/${file}`, samples), 'utf8');
    const egressIPAM = load(read('egressipam.yaml')) as EgressIPAMObject;
    const replica = replicaOf([]);
    t.equal(tell(replica.admission.egressIPAM(create(egressIPAM))), 'allowed', folder);
    const status = { cloud: 'none', observedGeneration: 1 };
    replica.api.put(EGRESSIPAMS, { ...egressIPAM, status });
    replica.sync();
    for (const object of loadAll(read('namespaces.yaml')) as NamespaceObject[]) {
      const answer = await replica.ask(create(object));
      t.equal(answer.allowed, true, `${folder}: ${object.metadata.name}: ${tell(answer)}`);
    }
  }
});

function labelled(object: NamespaceObject): NamespaceObject {
  return { ...namespace(object.metadata.name), metadata: { ...object.metadata, labels: { team: 'x' } } };
}
