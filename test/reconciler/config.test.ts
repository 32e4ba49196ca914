// The command line: defaults, what the environment adds, and every mistake at once.
import t from 'tap';
import { CALL_TIMEOUT_MS } from '../../reconciler/aws/sdk.ts';
import { configure, RECONCILER_COMMAND } from '../../reconciler/config.ts';
import { parseFlags } from '../../shared/process/flags.ts';

function read(argv: readonly string[], env: Record<string, string> = {}) {
  const values = parseFlags(RECONCILER_COMMAND.flags, argv);
  return values.ok ? configure(values.value, env) : values;
}

function mistakes(argv: readonly string[]): string[] {
  const configured = read(argv);
  return configured.ok ? [] : configured.problems.map(({ path }) => path);
}

t.test('defaults are those of the manifests', async (t) => {
  t.match(read([]), {
    ok: true,
    value: {
      assign: 'auto',
      namespace: 'egressip-ipam-operator',
      'report-only': false,
      'aws-resync-period': 60_000,
      'not-ready-hold': 300_000,
      'leader-elect': true,
      'metrics-bind-address': { port: 8080 },
      'health-probe-bind-address': { port: 8081 },
    },
  });
});

t.test(
  'grace longer than the request time-out: twice as long, 120 s unless the API server differs',
  async (t) => {
    t.match(read([]), { value: { claimGrace: 120_000 } });
    t.match(read(['--api-server-request-timeout=3m']), { value: { claimGrace: 360_000 } });
  },
);

t.test('by default a call to EC2 that starts with any renewal ends within the lease', async (t) => {
  const configured = read([]);
  if (!configured.ok) return t.fail('the defaults do');
  const { value } = configured;
  const left = value['leader-elect-lease-duration'] - value['leader-elect-retry-period'];
  t.ok(left > CALL_TIMEOUT_MS, `${left} ms are left`);
});

t.test('the pod tells its name and its namespace, and a flag overrules the latter', async (t) => {
  const env = { POD_NAMESPACE: 'ours', POD_NAME: 'pod-1' };
  t.match(read([], env), { value: { namespace: 'ours', identity: `pod-1_${process.pid}` } });
  t.match(read(['--namespace=theirs'], env), { value: { namespace: 'theirs' } });
  const usual = 'egressip-ipam-operator';
  t.match(read([`--namespace=${usual}`], env), { value: { namespace: usual } });
});

t.test('a lease that could run out between two renewals is refused', async (t) => {
  t.same(mistakes(['--leader-elect-retry-period=4s']), ['--leader-elect-retry-period']);
  t.same(mistakes(['--leader-elect-retry-period=4s', '--leader-elect-lease-duration=16s']), []);
});

t.test('all mistakes are named at once', async (t) => {
  const argv = [
    '--assign=azure',
    '--concurrency=0',
    '--not-ready-hold',
    '--leader-elect-lease-duration=1s',
    '--nope',
  ];
  t.same(mistakes(argv).sort(), [
    '--assign',
    '--concurrency',
    '--leader-elect-lease-duration',
    '--nope',
    '--not-ready-hold',
  ]);
});
