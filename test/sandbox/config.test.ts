// The sandbox's command line.
import t from 'tap';
import { readCommandLine } from '../../shared/process/command-line.ts';
import type { SandboxConfig } from './config.ts';
import { configureSandbox, SANDBOX_COMMAND } from './config.ts';

function read(...argv: string[]): SandboxConfig | string {
  let stderr = '';
  const output = { stdout: { write: () => true }, stderr: { write: (text: string) => (stderr += text) } };
  const result = readCommandLine(SANDBOX_COMMAND, argv, output, configureSandbox);
  return result.run ? result.config : `${result.status}\n${stderr}`;
}

t.test('without flags it is AWS with six nodes', async (t) => {
  t.match(read(), {
    sandbox: {
      platform: 'aws',
      nodes: 6,
      instanceType: 'm5.large',
      assigns: 'nobody',
      seed: { namespaces: 0 },
    },
    kubeconfig: '',
  });
});

t.test('flags end where they belong', async (t) => {
  const config = read(
    ...[
      '--nodes',
      '9',
      '--platform-assigns',
      '--request-timeout',
      '5s',
      '--port',
      '6443',
      '--ec2-throttling',
      'real',
    ],
    ...['--ec2-latency', '250ms', '--ec2-lag=1s', '--ec2-remap=2s', '--kubeconfig', 'k', '--large-subnets'],
  );
  t.match(config, {
    sandbox: {
      nodes: 9,
      assigns: 'platform',
      kube: { port: 6443, requestTimeoutMs: 5000 },
      ec2: { buckets: 'real', latencyMs: 250, lagMs: 1000, remapMs: 2000 },
      zones: [{ subnet: '10.0.0.0/18' }, {}, {}],
    },
    kubeconfig: 'k',
  });
});

t.test('every wrong flag is in one error', async (t) => {
  const text = String(read('--nodes', 'x', '--platfrom', 'aws', '--port', '70000'));
  t.match(text, /^2\n/);
  for (const flag of ['--nodes', '--platfrom', '--port']) t.match(text, `  ${flag}: `);
});

t.test('flags that do not go together are in one error', async (t) => {
  const aws = String(read('--nodes', '2', '--rack-nodes', '3', '--instance-type', 'm9.huge'));
  t.match(aws, /^2\n/);
  t.match(aws, '--nodes: 2 leaves a zone without a node');
  t.match(aws, '--rack-nodes: goes with --platform baremetal only');
  t.match(aws, '--instance-type: "m9.huge" is not known here');
  const bareMetal = String(read('--platform', 'baremetal', '--nodes', '2', '--platform-assigns'));
  t.match(bareMetal, '--platform-assigns: goes with --platform aws only');
  t.notMatch(bareMetal, '--nodes');
});

t.test('a seed has to have room', async (t) => {
  t.match(String(read('--seed-namespaces', '19')), '--seed-namespaces: there is room for 18');
  t.match(read('--seed-namespaces', '18'), { sandbox: { seed: { namespaces: 18 } } });
  const large = ['--seed-namespaces', '5000', '--nodes', '600', '--instance-type', 'm5.4xlarge'];
  t.match(String(read(...large)), 'there is room for 3890');
  t.match(read(...large, '--large-subnets'), { sandbox: { seed: { namespaces: 5000 } } });
});
