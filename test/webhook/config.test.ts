// The command line: defaults, what the environment adds, and every mistake at once.
import t from 'tap';
import { parseFlags } from '../../shared/process/flags.ts';
import { configure, WEBHOOK_COMMAND } from '../../webhook/config.ts';

function read(argv: readonly string[], env: Record<string, string> = {}) {
  const values = parseFlags(WEBHOOK_COMMAND.flags, argv);
  return values.ok ? configure(values.value, env) : values;
}

t.test('defaults are those of the manifests', async (t) => {
  t.match(read([]), {
    ok: true,
    value: {
      port: 9443,
      namespace: 'egressip-ipam-operator',
      tlsFiles: undefined,
      'inventory-max-age': 300_000,
      'shutdown-delay': 5_000,
      'metrics-bind-address': { port: 8080 },
      'health-probe-bind-address': { port: 8081 },
      'bind-address': /^(::|0\.0\.0\.0)$/,
    },
  });
});

t.test('the pod tells its namespace, and a flag overrules it', async (t) => {
  t.match(read([], { POD_NAMESPACE: 'ours' }), { value: { namespace: 'ours' } });
  t.match(read(['--namespace', 'theirs'], { POD_NAMESPACE: 'ours' }), { value: { namespace: 'theirs' } });
  const usual = 'egressip-ipam-operator';
  t.match(read(['--namespace', usual], { POD_NAMESPACE: 'ours' }), { value: { namespace: usual } });
});

t.test('a certificate and its key go together', async (t) => {
  t.match(read(['--tls-cert-file=c', '--tls-private-key-file=k']), {
    value: { tlsFiles: { certFile: 'c', keyFile: 'k' } },
  });
  const missing = (argv: string[]) => {
    const configured = read(argv);
    return configured.ok ? [] : configured.problems.map(({ path, message }) => `${path} ${message}`);
  };
  t.same(missing(['--tls-cert-file=c']), [
    '--tls-private-key-file is missing; a certificate and its key go together',
  ]);
  t.same(missing(['--tls-private-key-file=k']), [
    '--tls-cert-file is missing; a certificate and its key go together',
  ]);
});

t.test('all mistakes are named at once', async (t) => {
  const configured = read(['--port=70000', '--log-level=loud', '--inventory-max-age=1s', '--leader-elect']);
  t.same(configured.ok ? [] : configured.problems.map(({ path }) => path).sort(), [
    '--inventory-max-age',
    '--leader-elect',
    '--log-level',
    '--port',
  ]);
});
