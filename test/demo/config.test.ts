// The demo's command line: what goes and what is refused, all at once.
import t from 'tap';
import { readCommandLine } from '../../shared/process/command-line.ts';
import { configure, DEMO_COMMAND } from './config.ts';

function read(...argv: string[]): string[] {
  const refusals: string[] = [];
  const output = { stdout: { write: () => {} }, stderr: { write: (text: string) => refusals.push(text) } };
  const result = readCommandLine(DEMO_COMMAND, argv, output, configure);
  if (result.run) return [];
  t.equal(result.status, 2);
  return refusals.join('').split('\n').slice(0, -2);
}

const ZONES = '  --nodes: 2 will not do on aws; give at least 3, one for each zone';
const ONCE = '  --json: goes with --once only; add --once';

t.test(
  'the demo wants a node in each zone, one namespace at least, and an end for its document',
  async (t) => {
    const rows: [string, string[]][] = [
      ['', []],
      ['--nodes 3 --namespaces 1 --once --json', []],
      ['--platform=baremetal --nodes=1', []],
      ['--nodes 2', [ZONES]],
      ['--json', [ONCE]],
      ['--namespaces 0', ['  --namespaces: "0" will not do; give a whole number from 1 to 5000']],
      ['--platform foo', ['  --platform: "foo" will not do; give one of aws, baremetal']],
      [
        '--nodes 2 --json --namespaces 0 --node=4',
        [
          '  --node: there is no such flag; did you mean --nodes?',
          '  --namespaces: "0" will not do; give a whole number from 1 to 5000',
          ZONES,
          ONCE,
        ],
      ],
    ];
    for (const [line, refusals] of rows) t.same(read(...line.split(' ').filter(Boolean)), refusals, line);
  },
);
