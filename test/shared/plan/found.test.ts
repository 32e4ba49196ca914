// What random histories have found, shrunk, and kept: each of these once interrupted somebody, leaked, or
// never ended.
import t from 'tap';
import type { Cluster } from './cluster.ts';
import { beginning, type Happening } from './histories.ts';
import { live } from './live.ts';

const step = (steps = 1, pick = 0): Happening => ({ kind: 'work', steps, pick });
const admit = (name: 'a' | 'b' | 'c' | 'd', egressIPAM: 'blue' | 'green' = 'blue', pick = 0): Happening => ({
  kind: 'admit',
  name,
  egressIPAM,
  pick,
});
const to = (
  kind: 'flap' | 'cordon' | 'drain EC2' | 'lose instance' | 'lose HostSubnet',
  node: 'n1' | 'n2' | 'n3' | 'n4' | 'n5',
): Happening => ({
  kind,
  node,
});
const edit = (kind: 'grow' | 'break' | 'mend' | 'release all', egressIPAM: 'blue' | 'green'): Happening => ({
  kind,
  egressIPAM,
});

const FOUND: readonly (readonly [title: string, cloud: Cluster['cloud'], history: readonly Happening[]])[] = [
  [
    'an IP bound to a node that cannot be read any more goes elsewhere, as long as it is nowhere',
    'aws',
    [admit('a'), step(), to('drain EC2', 'n1')],
  ],
  [
    'an IP that is on the interface of a node which cannot be read waits, and the namespace is told',
    'aws',
    [admit('a'), step(), step(), to('drain EC2', 'n1')],
  ],
  [
    'a list that cannot be read takes nothing away from the namespace',
    'aws',
    [admit('d'), step(), step(), step(), step(), { kind: 'slip by', name: 'd', egressIPAM: 'blue', pick: 0 }],
  ],
  [
    'a node that hosts what an EgressIPAM had us put there, which is invalid by now, does not turn automatic',
    'none',
    [admit('a'), step(), step(), step(), edit('break', 'blue')],
  ],
  [
    'nor does one that still hosts an old IP',
    'none',
    [admit('c'), step(), step(), step(), edit('break', 'blue'), admit('c', 'green')],
  ],
  [
    'an IP whose replacement cannot be had at all does not leave for want of room',
    'aws',
    [
      admit('b'),
      step(),
      to('flap', 'n1'),
      to('flap', 'n2'),
      { kind: 'slip by', name: 'a', egressIPAM: 'blue', pick: 6 },
      to('flap', 'n5'),
      to('flap', 'n3'),
      step(4),
      step(2, 15),
      step(3),
      step(1, 1),
      { kind: 'slip by', name: 'b', egressIPAM: 'blue', pick: 1 },
      admit('a', 'blue', 1),
    ],
  ],
  [
    'both IPs of a namespace that opts out leave its NetNamespace together',
    'none',
    [
      admit('c'),
      admit('a'),
      { kind: 'claim only', name: 'a', pick: 0 },
      step(2, 7),
      step(3),
      step(3),
      admit('c', 'blue', 7),
      to('flap', 'n2'),
      { kind: 'time', milliseconds: 120_000 },
      step(2, 22),
      { kind: 'opt out', name: 'c' },
    ],
  ],
  [
    'an IP that was moved to a node which then cannot be read is not stolen',
    'aws',
    [
      to('flap', 'n2'),
      admit('a', 'blue', 1),
      step(),
      step(),
      to('flap', 'n1'),
      step(),
      to('drain EC2', 'n3'),
    ],
  ],
  [
    'the SDN’s list is not changed while nobody who is Ready offers the CIDR',
    'none',
    [
      to('flap', 'n1'),
      admit('a'),
      step(),
      step(),
      step(),
      edit('break', 'blue'),
      admit('a', 'green'),
      to('flap', 'n3'),
    ],
  ],
  [
    'nor while the only node that is Ready is about to stop offering it',
    'none',
    [
      admit('c', 'green'),
      edit('release all', 'blue'),
      { kind: 'time', milliseconds: 120_000 },
      step(1, 13),
      { kind: 'relabel', node: 'n2', zone: 'b' },
      to('flap', 'n3'),
      step(2),
      step(1, 7),
      admit('c', 'green', 3),
      step(3),
      { kind: 'relabel', node: 'n1', zone: 'b' },
    ],
  ],
  [
    'we do not fight the SDN for a node that it rules',
    'none',
    [
      edit('break', 'blue'),
      step(3),
      admit('a', 'green'),
      step(),
      edit('mend', 'blue'),
      edit('break', 'green'),
      admit('a'),
    ],
  ],
  [
    'nor for one that it rules since the IP was bound to it',
    'none',
    [
      admit('a', 'green'),
      admit('c'),
      step(3),
      edit('break', 'blue'),
      step(3),
      edit('break', 'green'),
      edit('mend', 'blue'),
    ],
  ],
  [
    'an IP on the wrong NetNamespace is off there before it is hosted',
    'none',
    [
      to('flap', 'n4'),
      { kind: 'slip by', name: 'd', egressIPAM: 'blue', pick: 16 },
      step(),
      step(),
      { kind: 'slip by', name: 'a', egressIPAM: 'blue', pick: 6 },
      step(2),
      step(2),
      { kind: 'meddle', name: 'd', node: 'n1', pick: 27 },
    ],
  ],
  [
    'one on the wrong NetNamespace drives nobody off its node: it leaves by itself',
    'none',
    [
      { kind: 'slip by', name: 'b', egressIPAM: 'blue', pick: 31 },
      step(),
      { kind: 'leave out', name: 'b' },
      admit('c'),
      step(2),
      admit('a'),
      step(2, 19),
      step(5),
      to('flap', 'n3'),
      step(),
      { kind: 'meddle', name: 'c', node: 'n1', pick: 11 },
      step(5, 2),
    ],
  ],
  [
    'an IP that serves keeps its node against a sibling that is only on its way to it',
    'aws',
    [
      admit('d'),
      edit('grow', 'blue'),
      step(1, 16),
      step(),
      admit('d', 'blue', 3),
      step(2),
      step(3),
      step(2, 19),
      step(),
      admit('d'),
    ],
  ],
  [
    'an IP does not come to a node that a sibling is only about to leave',
    'none',
    [
      { kind: 'slip by', name: 'a', egressIPAM: 'blue', pick: 9 },
      step(2),
      step(2),
      step(2),
      step(),
      { kind: 'delete node', node: 'n4' },
      admit('a', 'green'),
      { kind: 'time', milliseconds: 120_000 },
      { kind: 'relabel', node: 'n1', zone: 'b' },
      step(2, 22),
      admit('a'),
      step(1, 1),
    ],
  ],
  [
    'two who want the same room do not push each other about for ever',
    'aws',
    [
      admit('d'),
      step(),
      admit('c'),
      to('flap', 'n2'),
      step(1, 21),
      step(),
      admit('a'),
      step(),
      to('cordon', 'n1'),
    ],
  ],
  [
    'an IP that somebody has put on a second node stays where we had put it',
    'none',
    [
      to('flap', 'n1'),
      admit('a'),
      admit('d'),
      { kind: 'relabel', node: 'n2', zone: 'b' },
      step(),
      step(2),
      { kind: 'relabel', node: 'n4', zone: 'a' },
      step(1, 13),
      { kind: 'meddle', name: 'a', node: 'n1', pick: 8 },
    ],
  ],
  [
    'an IP by hand on the node of a sibling leaves that one first',
    'aws',
    [
      admit('a'),
      step(),
      admit('b'),
      step(4),
      admit('a', 'green'),
      admit('c'),
      step(5),
      { kind: 'forget EC2' },
      to('lose HostSubnet', 'n2'),
      edit('break', 'green'),
      to('lose HostSubnet', 'n2'),
      { kind: 'forget EC2' },
      step(4),
      step(2, 19),
      step(2),
      { kind: 'forget EC2' },
      { kind: 'meddle', name: 'a', node: 'n4', pick: 26 },
      to('lose instance', 'n2'),
      { kind: 'forget EC2' },
    ],
  ],
  [
    'an IP by hand on a second node and on the wrong NetNamespace leaves the NetNamespace first',
    'none',
    [
      admit('a'),
      to('lose HostSubnet', 'n5'),
      admit('b', 'blue', 36),
      step(2, 4),
      step(2),
      step(2),
      { kind: 'meddle', name: 'a', node: 'n1', pick: 30 },
      step(1, 17),
      { kind: 'meddle', name: 'a', node: 'n5', pick: 6 },
    ],
  ],
];

for (const [title, cloud, history] of FOUND) {
  t.test(title, async (t) => {
    const { story, faults } = live(beginning(cloud), history);
    t.same(faults, [], story.join('\n'));
  });
}
