// Starts the sandbox as a process of its own: one line of JSON on standard output when it is ready, hints for people on
// standard error. Composes and nothing else.
import { readCommandLine } from '../../shared/process/command-line.ts';
import { EXIT } from '../../shared/process/help.ts';
import { closeInReverse, untilSignal } from '../../shared/process/shutdown.ts';
import { startSandbox } from './cluster.ts';
import { configureSandbox, SANDBOX_COMMAND, type SandboxConfig } from './config.ts';
import { startControl } from './control.ts';
import { type Kubeconfigs, writeKubeconfigs } from './kubeconfigs.ts';
import { REGION } from './nodes.ts';

const CLOSE_MS = 5_000;

async function run(config: SandboxConfig): Promise<number> {
  const stop = untilSignal(process, (status) => process.exit(status));
  const sandbox = await startSandbox(config.sandbox);
  const kubeconfigs = await writeKubeconfigs(sandbox, config.kubeconfig);
  const control = await startControl(sandbox, config.controlPort);
  const ready = {
    platform: sandbox.platform,
    url: sandbox.kube.url,
    kubeconfig: kubeconfigs.paths.admin,
    kubeconfigs: kubeconfigs.paths,
    ec2Url: sandbox.ec2?.url ?? null,
    region: sandbox.ec2 === undefined ? null : REGION,
    controlUrl: control.url,
  };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
  process.stderr.write(hints(kubeconfigs, ready.ec2Url, control.url));
  await new Promise((resolve) => {
    if (stop.aborted) resolve(undefined);
    else stop.addEventListener('abort', resolve, { once: true });
  });
  const unclosed = await closeInReverse(
    [
      { name: 'kubeconfigs', close: () => kubeconfigs.remove() },
      { name: 'sandbox', close: () => sandbox.close() },
      { name: 'control', close: () => control.close() },
    ],
    CLOSE_MS,
  );
  for (const { name, error } of unclosed) process.stderr.write(`${name} was not closed: ${error.message}\n`);
  return unclosed.length === 0 ? EXIT.asAsked : EXIT.notAsAsked;
}

function hints({ paths }: Kubeconfigs, ec2Url: string | null, controlUrl: string): string {
  const aws =
    ec2Url === null
      ? []
      : [
          `  export AWS_ENDPOINT_URL_EC2=${ec2Url} AWS_REGION=${REGION} AWS_DEFAULT_REGION=${REGION}`,
          '  export AWS_ACCESS_KEY_ID=sandbox AWS_SECRET_ACCESS_KEY=sandbox',
          '  aws ec2 describe-network-interfaces',
        ];
  return [
    'The sandbox is ready. In another terminal:',
    `  export KUBECONFIG=${paths.admin}`,
    '  kubectl get nodes,hostsubnets,netnamespaces',
    ...aws,
    `  curl ${controlUrl}/control/verdicts`,
    'It ends with Ctrl-C.',
    '',
  ].join('\n');
}

const commandLine = readCommandLine(SANDBOX_COMMAND, process.argv.slice(2), process, configureSandbox);
process.exitCode = commandLine.run ? await run(commandLine.config) : commandLine.status;
