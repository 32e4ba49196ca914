import t from 'tap';
import { ClaimAges } from '../../reconciler/ages.ts';
import type { Allocation } from '../../shared/allocation.ts';
import { type IPv4, parseIPv4 } from '../../shared/ip.ts';

const IP = parseIPv4('10.0.0.5') as IPv4;

function claims(uid: string, claim: string, namespace = 'a'): ReadonlyMap<IPv4, Allocation> {
  const allocation: Allocation = {
    ip: IP,
    uid,
    resourceVersion: '1',
    egressIPAM: 'pool',
    cidr: '10.0.0.0/24',
    namespace,
    claim,
    phase: 'Claimed',
    ours: false,
    deleting: false,
    explicit: false,
    namespaceUID: undefined,
    node: undefined,
    interface: undefined,
    restingSince: undefined,
  };
  return new Map([[IP, allocation]]);
}

const unlisted = () => false;
const listed = () => true;

t.test('a claim is counted from when this process first saw it', async (t) => {
  const ages = new ClaimAges();
  ages.update(claims('u1', 'c1'), unlisted, 1_000);
  ages.update(claims('u1', 'c1'), unlisted, 91_000);
  t.same(ages.at(121_000).get(IP), { seenFor: 120_000, unlistedFor: 120_000 });
});

t.test('the count per token: a retake starts both counts again', async (t) => {
  const ages = new ClaimAges();
  ages.update(claims('u1', 'c1'), unlisted, 0);
  ages.update(claims('u1', 'c2'), unlisted, 100_000);
  t.same(ages.at(130_000).get(IP), { seenFor: 30_000, unlistedFor: 30_000 });
});

t.test('another object of the same name is another claim', async (t) => {
  const ages = new ClaimAges();
  ages.update(claims('u1', 'c1'), unlisted, 0);
  ages.update(claims('u2', 'c1'), unlisted, 100_000);
  t.same(ages.at(130_000).get(IP), { seenFor: 30_000, unlistedFor: 30_000 });
});

t.test('being listed in between breaks the count of not being listed, and no other', async (t) => {
  const ages = new ClaimAges();
  ages.update(claims('u1', 'c1'), unlisted, 0);
  ages.update(claims('u1', 'c1'), listed, 50_000);
  ages.update(claims('u1', 'c1'), unlisted, 60_000);
  t.same(ages.at(130_000).get(IP), { seenFor: 130_000, unlistedFor: 70_000 });
});

t.test('being listed between two looks breaks the count, too', async (t) => {
  const ages = new ClaimAges();
  ages.update(claims('u1', 'c1'), unlisted, 0);
  ages.touch([IP]);
  ages.update(claims('u1', 'c1'), unlisted, 60_000);
  t.same(ages.at(130_000).get(IP), { seenFor: 130_000, unlistedFor: 70_000 });
});

t.test('what is gone is forgotten, so that its return starts from nothing', async (t) => {
  const ages = new ClaimAges();
  ages.update(claims('u1', 'c1'), unlisted, 0);
  ages.update(new Map(), unlisted, 10_000);
  ages.update(claims('u1', 'c1'), unlisted, 100_000);
  t.same(ages.at(100_000).get(IP), { seenFor: 0, unlistedFor: 0 });
});

t.test('whose listing counts is asked with the namespace that the claim is for', async (t) => {
  const ages = new ClaimAges();
  const asked: string[] = [];
  ages.update(claims('u1', 'c1', ''), (_ip, namespace) => asked.push(namespace) > 0, 0);
  ages.update(claims('u1', 'c1', 'b'), (_ip, namespace) => asked.push(namespace) > 0, 0);
  t.same(asked, ['', 'b']);
});
