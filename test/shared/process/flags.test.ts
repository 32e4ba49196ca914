import t from 'tap';
import { ok } from '../../../shared/problem.ts';
import { readCommandLine } from '../../../shared/process/command-line.ts';
import {
  addressFlag,
  booleanFlag,
  choiceFlag,
  durationFlag,
  integerFlag,
  stringFlag,
} from '../../../shared/process/flag-kinds.ts';
import { parseFlags } from '../../../shared/process/flags.ts';
import { helpText, usageText } from '../../../shared/process/help.ts';

const flags = {
  kubeconfig: stringFlag({ group: 'Kubernetes', description: 'Kubeconfig file', placeholder: 'file' }),
  port: integerFlag({ group: 'Serving', description: 'Port', default: 9443, min: 1, max: 65535 }),
  'leader-elect': booleanFlag({ group: 'Kubernetes', description: 'Elect a leader', default: true }),
  assign: choiceFlag({
    group: 'Cloud',
    description: 'Who assigns',
    choices: ['auto', 'ec2', 'platform', 'none'],
    default: 'auto',
  }),
  resync: durationFlag({
    group: 'Cloud',
    description: 'Time between full reads',
    default: '5m',
    min: '10s',
    max: '1h',
  }),
  'metrics-bind-address': addressFlag({ group: 'Serving', description: 'Metrics', default: ':8080' }),
};

function read(...argv: string[]) {
  const result = parseFlags(flags, argv);
  if (!result.ok) throw new Error(result.problems.map((p) => `${p.path}: ${p.message}`).join('\n'));
  return result.value;
}

function problems(...argv: string[]): string[] {
  const result = parseFlags(flags, argv);
  return result.ok ? [] : result.problems.map(({ code, path, message }) => `${code} ${path}: ${message}`);
}

t.test('without flags every value is its default', async (t) => {
  t.same(read(), {
    help: false,
    kubeconfig: '',
    port: 9443,
    'leader-elect': true,
    assign: 'auto',
    resync: 300_000,
    'metrics-bind-address': { host: undefined, port: 8080 },
  });
});

t.test('a value follows its flag after a space or an equals sign', async (t) => {
  t.equal(read('--port', '8443').port, 8443);
  t.equal(read('--port=8443').port, 8443);
  t.equal(read('--kubeconfig=a=b').kubeconfig, 'a=b');
  t.equal(read('--kubeconfig=').kubeconfig, '');
  t.equal(read('--kubeconfig', '-').kubeconfig, '-');
  t.equal(read('--assign', 'none').assign, 'none');
  t.equal(read('--resync', '1m30s').resync, 90_000);
});

t.test('a switch is set, cleared and negated as Kubernetes commands take it', async (t) => {
  const rows: readonly [string, boolean][] = [
    ['--leader-elect', true],
    ['--leader-elect=true', true],
    ['--leader-elect=1', true],
    ['--leader-elect=false', false],
    ['--leader-elect=F', false],
    ['--no-leader-elect', false],
  ];
  for (const [argument, value] of rows) t.equal(read(argument)['leader-elect'], value, argument);
});

t.test('an address has a host or none, and 0 switches the listener off', async (t) => {
  const rows: readonly [string, unknown][] = [
    [':8081', { host: undefined, port: 8081 }],
    [':0', { host: undefined, port: 0 }],
    ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
    ['localhost:80', { host: 'localhost', port: 80 }],
    ['[::1]:80', { host: '::1', port: 80 }],
    ['0', 'off'],
  ];
  for (const [text, value] of rows)
    t.same(read('--metrics-bind-address', text)['metrics-bind-address'], value, text);
  for (const text of ['8081', ':', ':65536', '::1:80', 'a b:80', 'host:', 'http://h:80'])
    t.equal(problems('--metrics-bind-address', text).length, 1, text);
});

t.test('every mistake is named in one go', async (t) => {
  t.same(
    problems(
      '--prot=1',
      '--port=70000',
      '--assign',
      '--resync=5',
      '--leader-elect=maybe',
      'stray',
      '--kubeconfig=a',
      '--kubeconfig=b',
      '-x',
    ),
    [
      'UnknownFlag --prot: there is no such flag; did you mean --port?',
      'MissingValue --assign: has no value; give one of auto, ec2, platform, none',
      'UnexpectedArgument : "stray" belongs to no flag; write --flag value or --flag=value',
      'RepeatedFlag --kubeconfig: is given more than once; give it once',
      'UnknownFlag -x: there is no such flag; --help lists all flags',
      'InvalidValue --port: "70000" will not do; give a whole number from 1 to 65535',
      'InvalidValue --leader-elect: "maybe" will not do; give --leader-elect, --leader-elect=true or --leader-elect=false',
      'InvalidValue --resync: "5" will not do; give a duration from 10s to 1h, such as 1m30s',
    ],
  );
});

t.test('numbers are whole, in bounds, and nothing else', async (t) => {
  for (const text of ['1', '65535', '+7']) t.same(problems(`--port=${text}`), [], text);
  for (const text of ['0', '65536', '1.5', '1e3', '0x10', '', ' 1', '-1'])
    t.equal(problems(`--port=${text}`).length, 1, JSON.stringify(text));
});

t.test('durations are in bounds', async (t) => {
  for (const text of ['10s', '1h', '60m']) t.same(problems(`--resync=${text}`), [], text);
  for (const text of ['9.999s', '1h1ms', '-5m', '0']) t.equal(problems(`--resync=${text}`).length, 1, text);
});

t.test('a flag never takes the next flag for its value', async (t) => {
  t.match(problems('--kubeconfig', '--port', '1'), [/MissingValue --kubeconfig/]);
  t.match(problems('--port'), [/MissingValue --port/]);
});

t.test('what looks like a negation of something else is unknown', async (t) => {
  t.match(problems('--no-port'), [/UnknownFlag --no-port/]);
  t.match(problems('--no-leader-elect=true'), [/UnexpectedArgument/]);
  t.match(problems('--toString'), [/UnknownFlag/]);
  t.match(problems('--__proto__=1'), [/UnknownFlag/]);
});

t.test('--help is answered whatever else is wrong', async (t) => {
  t.equal(read('--help').help, true);
  t.equal(read('-h', '--nonsense', '--port=x').help, true);
});

t.test('the help text lists flags by group, aligned, with their defaults', async (t) => {
  const text = helpText({ name: 'webhook', summary: 'Does things.', flags });
  t.equal(
    text,
    `Does things.

Usage: webhook [flags]

Kubernetes:
  --kubeconfig file                 Kubeconfig file
  --leader-elect                    Elect a leader (default true)

Serving:
  --port integer                    Port (default 9443)
  --metrics-bind-address address    Metrics (default :8080)

Cloud:
  --assign auto|ec2|platform|none   Who assigns (default auto)
  --resync duration                 Time between full reads (default 5m)

A flag without a value in this list is a switch: --name, --name=false or --no-name.
`,
  );
});

t.test('long descriptions wrap under themselves', async (t) => {
  const long = stringFlag({ group: 'G', description: 'word '.repeat(60).trim() });
  const lines = helpText({ name: 'x', summary: 's', flags: { long } }).split('\n');
  const indented = lines.filter((line) => /^ {18}word/.test(line));
  t.ok(indented.length >= 3);
  for (const line of lines) t.ok(line.length <= 100, line);
});

t.test('usageText holds all problems and the way to --help', async (t) => {
  const text = usageText({ name: 'webhook' }, [
    { code: 'UnknownFlag', path: '--x', message: 'there is no such flag' },
    { code: 'UnexpectedArgument', path: '', message: '"y" belongs to no flag' },
  ]);
  t.equal(
    text,
    '  --x: there is no such flag\n  "y" belongs to no flag\nRun `webhook --help` for all flags.\n',
  );
});

t.test('a command runs, prints its help, or is refused with status 2', async (t) => {
  const written: string[] = [];
  const output = {
    stdout: { write: (text: string) => written.push(`out ${text.split('\n')[0]}`) },
    stderr: { write: (text: string) => written.push(`err ${text.split('\n')[0]}`) },
  };
  const command = { name: 'webhook', summary: 'Does things.', flags };
  const run = (...argv: string[]) => readCommandLine(command, argv, output, ok);
  t.match(run('--port=1'), { run: true, config: { port: 1 } });
  t.same(run('--help'), { run: false, status: 0 });
  t.same(run('--port=0'), { run: false, status: 2 });
  const notTogether = { code: 'InvalidValue', path: '--port', message: 'does not go with --assign' };
  t.same(
    readCommandLine(command, [], output, () => ({ ok: false, problems: [notTogether] })),
    { run: false, status: 2 },
  );
  t.same(written, [
    'out Does things.',
    'err   --port: "0" will not do; give a whole number from 1 to 65535',
    'err   --port: does not go with --assign',
  ]);
});

t.test(
  'one run names every mistake: of one flag alone, of several together, and of each flag once',
  async (t) => {
    const refusalsOf = (...argv: string[]) => {
      let text = '';
      const output = { stdout: { write: () => {} }, stderr: { write: (more: string) => (text += more) } };
      const command = { name: 'webhook', summary: 'Does things.', flags };
      const seen: unknown[] = [];
      readCommandLine(command, argv, output, (values) => {
        seen.push(values.port);
        const message = 'does not go with this port';
        const problems = ['--assign', '--port'].map((path) => ({ code: 'InvalidValue', path, message }));
        return { ok: false, problems };
      });
      t.same(seen, [flags.port.default], 'a flag that is wrong counts as left out');
      return text.split('\n').slice(0, -2);
    };
    t.same(refusalsOf('--port=0', '--bogus'), [
      '  --bogus: there is no such flag; --help lists all flags',
      '  --port: "0" will not do; give a whole number from 1 to 65535',
      '  --assign: does not go with this port',
    ]);
  },
);
