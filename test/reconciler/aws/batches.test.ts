import fc from 'fast-check';
import t from 'tap';
import { type Batching, type Outcome, sendInBatches } from '../../../reconciler/aws/batches.ts';
import { CloudError, type CloudErrorCode } from '../../../reconciler/aws/errors.ts';
import type { IPv4 } from '../../../shared/ip.ts';
import { toIPv4 } from '../../../shared/ip.ts';

function numbers(...values: readonly number[]): IPv4[] {
  return values.map(toIPv4);
}

/** Sends until the script says otherwise for a batch; writes down what was sent. */
function scripted(
  judge: (ips: readonly IPv4[]) => 'done' | 'delayed' | CloudError,
  options: { goal?: Batching['goal']; suspects?: readonly IPv4[] } = {},
): Batching & { readonly sent: string[] } {
  const sent: string[] = [];
  return {
    sent,
    goal: options.goal ?? 'present',
    async send(ips) {
      sent.push(ips.join(' '));
      const verdict = judge(ips);
      if (typeof verdict !== 'string') throw verdict;
      return verdict;
    },
    suspects: async () => options.suspects ?? [],
  };
}

function error(code: CloudErrorCode, hinted: readonly IPv4[] = []): CloudError {
  return new CloudError(code, code, hinted);
}

/** Refuses batches with one of these. */
function refusing(bad: readonly number[], failure: CloudError) {
  return (ips: readonly IPv4[]) => (ips.some((ip) => bad.includes(ip)) ? failure : 'done');
}

function summary({ done, failed, unknown, delayed }: Outcome): string {
  const codes = [...failed].map(([ip, { code }]) => `${ip}:${code}`);
  return `done ${done.join(' ')} | failed ${codes.join(' ')} | unknown ${unknown.join(' ')} | delayed ${delayed.join(' ')}`;
}

t.test('as much of a batch is done as can be, in few calls', async (t) => {
  const taken = (...hinted: number[]) => error('AddressTaken', numbers(...hinted));
  const rows: [string, Batching & { sent: string[] }, string[], string][] = [
    ['all is well', scripted(() => 'done'), ['1 2 3 4'], 'done 1 2 3 4 | failed  | unknown  | delayed '],
    [
      'one is taken, and EC2 names it',
      scripted(refusing([2], taken(2))),
      ['1 2 3 4', '1 3 4'],
      'done 1 3 4 | failed 2:AddressTaken | unknown  | delayed ',
    ],
    [
      'all are taken, and EC2 names them',
      scripted(refusing([1, 2, 3, 4], taken(1, 2, 3, 4, 5))),
      ['1 2 3 4'],
      'done  | failed 1:AddressTaken 2:AddressTaken 3:AddressTaken 4:AddressTaken | unknown  | delayed ',
    ],
    [
      'one is taken, and a describe tells which',
      scripted(refusing([2], taken()), { suspects: numbers(2) }),
      ['1 2 3 4', '1 3 4', '2'],
      'done 1 3 4 | failed 2:AddressTaken | unknown  | delayed ',
    ],
    [
      'the describe was wrong',
      scripted(refusing([2], taken()), { suspects: numbers(4) }),
      ['1 2 3 4', '1 2 3', '1 2', '1', '2', '3', '4'],
      'done 1 3 4 | failed 2:AddressTaken | unknown  | delayed ',
    ],
    [
      'one is refused, and nobody tells which',
      scripted(refusing([3], error('AddressRefused'))),
      ['1 2 3 4', '1 2', '3 4', '3', '4'],
      'done 1 2 4 | failed 3:AddressRefused | unknown  | delayed ',
    ],
    [
      'there is room for three',
      scripted(roomFor(3)),
      ['1 2 3 4', '1 2', '3 4', '3', '4'],
      'done 1 2 3 | failed 4:InterfaceFull | unknown  | delayed ',
    ],
    [
      'there is room for none',
      scripted(roomFor(0)),
      ['1 2 3 4', '1 2', '1'],
      'done  | failed 1:InterfaceFull 2:InterfaceFull 3:InterfaceFull 4:InterfaceFull | unknown  | delayed ',
    ],
    [
      'one was taken off before',
      scripted(refusing([3], error('NotAssigned')), { goal: 'absent' }),
      ['1 2 3 4', '1 2', '3 4', '3', '4'],
      'done 1 2 3 4 | failed  | unknown  | delayed ',
    ],
    [
      'the interface from which they should go is gone itself',
      scripted(() => error('InterfaceGone'), { goal: 'absent' }),
      ['1 2 3 4'],
      'done 1 2 3 4 | failed  | unknown  | delayed ',
    ],
    [
      'the interface that should have them is gone',
      scripted(() => error('InterfaceGone')),
      ['1 2 3 4'],
      'done  | failed 1:InterfaceGone 2:InterfaceGone 3:InterfaceGone 4:InterfaceGone | unknown  | delayed ',
    ],
    [
      'there is no answer',
      scripted(() => error('UnknownOutcome')),
      ['1 2 3 4'],
      'done  | failed  | unknown 1 2 3 4 | delayed ',
    ],
    [
      'it is not our turn',
      scripted(() => 'delayed'),
      ['1 2 3 4'],
      'done  | failed  | unknown  | delayed 1 2 3 4',
    ],
    [
      'EC2 is asked too often, after a part was done',
      scripted((ips) =>
        ips.length === 4 ? error('AddressRefused') : ips.includes(toIPv4(1)) ? 'done' : error('Throttled'),
      ),
      ['1 2 3 4', '1 2', '3 4'],
      'done 1 2 | failed  | unknown  | delayed 3 4',
    ],
    [
      'the permission is taken away, after EC2 refused one',
      scripted((ips) => (ips.length === 4 ? taken(2) : error('Forbidden'))),
      ['1 2 3 4', '1 3 4'],
      'done  | failed 2:AddressTaken 1:Forbidden 3:Forbidden 4:Forbidden | unknown  | delayed ',
    ],
  ];
  for (const [story, batching, sent, outcome] of rows) {
    t.equal(summary(await sendInBatches(numbers(1, 2, 3, 4), batching)), outcome, story);
    t.strictSame(batching.sent, sent, story);
  }
});

t.test('nothing is sent for nothing', async (t) => {
  const batching = scripted(() => 'done');
  t.equal(summary(await sendInBatches([], batching)), 'done  | failed  | unknown  | delayed ');
  t.strictSame(batching.sent, []);
});

t.test('what is not a cloud error is a bug and comes through', async (t) => {
  const batching = scripted(() => 'done');
  const broken = { ...batching, send: () => Promise.reject(new TypeError('a bug')) };
  await t.rejects(sendInBatches(numbers(1), broken), TypeError);
});

t.test('exactly the bad addresses fail, however EC2 words it, and all others are done', async () => {
  const plan = fc.record({
    size: fc.integer({ min: 1, max: 49 }),
    bad: fc.uniqueArray(fc.integer({ min: 1, max: 49 }), { maxLength: 6 }),
    hints: fc.constantFrom('all', 'one', 'none'),
    suspects: fc.uniqueArray(fc.integer({ min: 1, max: 49 }), { maxLength: 4 }),
  });
  await fc.assert(
    fc.asyncProperty(plan, async ({ size, bad, hints, suspects }) => {
      const ips = Array.from({ length: size }, (_, i) => toIPv4(i + 1));
      const wrong = ips.filter((ip) => bad.includes(ip));
      const batching = {
        ...scripted((batch) => {
          const culprits = batch.filter((ip) => bad.includes(ip));
          const named = hints === 'all' ? culprits : hints === 'one' ? culprits.slice(0, 1) : [];
          return culprits.length === 0 ? 'done' : error('AddressTaken', named);
        }),
        suspects: async (batch: readonly IPv4[]) => batch.filter((ip) => suspects.includes(ip)),
      };
      const { done, failed } = await sendInBatches(ips, batching);
      const calls = batching.sent.length;
      return (
        String([...done].sort((a, b) => a - b)) === String(ips.filter((ip) => !bad.includes(ip))) &&
        String([...failed.keys()].sort((a, b) => a - b)) === String(wrong) &&
        calls <= 1 + (wrong.length + 1) * 2 * (Math.ceil(Math.log2(size)) + 1) + suspects.length
      );
    }),
  );
});

/** An interface with so many free slots. */
function roomFor(room: number) {
  let left = room;
  return (ips: readonly IPv4[]) => {
    if (ips.length > left) return error('InterfaceFull');
    left -= ips.length;
    return 'done' as const;
  };
}
