import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import t from 'tap';
import { ApiError } from '../../../shared/kube/client.ts';
import { createLogger } from '../../../shared/process/log.ts';

function setUp(level: 'error' | 'warn' | 'info' | 'debug') {
  const lines: string[] = [];
  const log = createLogger({ name: 'webhook', level, output: { write: (line: string) => lines.push(line) } });
  return { log, lines, read: () => lines.map((line) => JSON.parse(line)) };
}

t.test('an event is one line of JSON with time, level and name', async (t) => {
  const { log, lines, read } = setUp('info');
  log.info({ namespace: 'team-a', ips: ['10.0.0.1'] }, 'gave out\nan IP');
  t.equal(lines.length, 1);
  t.match(lines[0], /^\{.*\}\n$/);
  t.match(read()[0], {
    level: 'info',
    name: 'webhook',
    msg: 'gave out\nan IP',
    namespace: 'team-a',
    ips: ['10.0.0.1'],
  });
  t.match(read()[0].time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  t.capture(Date, 'now', () => Date.UTC(2030, 0));
  log.info('later');
  t.equal(read()[1].time, '2030-01-01T00:00:00.000Z');
});

t.test('what is below the level is not written', async (t) => {
  const { log, read } = setUp('warn');
  log.debug('no');
  log.info('no');
  log.warn('yes');
  log.error('yes');
  t.same(
    read().map(({ level, msg }) => [level, msg]),
    [
      ['warn', 'yes'],
      ['error', 'yes'],
    ],
  );
});

t.test('an error shows its message and code, and nothing that a library has hung on it', async (t) => {
  const { log, lines, read } = setUp('info');
  const error = Object.assign(new Error('it failed', { cause: new TypeError('deep down') }), {
    code: 'E1',
    headers: { authorization: 'secret-word' },
    body: 'secret-word',
  });
  log.error({ err: error }, 'failed');
  t.match(read()[0].err, {
    type: 'Error',
    message: 'it failed',
    code: 'E1',
    cause: 'TypeError: deep down',
    stack: /log.test/,
  });
  t.notMatch(lines[0], /secret-word/);
});

t.test('what an API server says is shown without a stack', async (t) => {
  const { log, read } = setUp('info');
  log.error({ err: new ApiError('conflict', 'modified', { status: 409 }) }, 'failed');
  t.same(read()[0].err, { type: 'ApiError', message: 'modified', code: 'conflict', status: 409 });
});

t.test('what was thrown and is no error is shown, too', async (t) => {
  const { log, read } = setUp('info');
  log.error({ err: 'a text' }, 'failed');
  t.same(read()[0].err, { type: 'string', message: 'a text' });
});

/** A process that logs to its standard error, as ours do. */
function program(body: string): string[] {
  const module = new URL('../../../shared/process/log.ts', import.meta.url);
  const lines = [
    `import { createLogger } from '${module.href}';`,
    `const log = createLogger({ name: 'webhook', level: 'info' });`,
    body,
  ];
  return ['--input-type=module', '-e', lines.join('\n')];
}

t.test('a process that ends says everything before it goes, in order', async (t) => {
  const saying = `for (const n of [1, 2, 3]) log.info({ n }, 'said');`;
  const ends = { 'by itself': '', 'at once': 'process.exit();', 'by a crash': `throw new Error('oh');` };
  for (const [how, end] of Object.entries(ends)) {
    const { stderr } = spawnSync(process.execPath, program(`${saying} ${end}`), { encoding: 'utf8' });
    const lines = stderr.split('\n').filter((line) => line.startsWith('{'));
    t.same(
      lines.map((line) => JSON.parse(line).n),
      [1, 2, 3],
      how,
    );
  }
});

t.test('a process that goes on does not keep its lines to itself', async (t) => {
  const child = spawn(process.execPath, program(`log.info({ n: 1 }, 'said'); setInterval(() => {}, 1_000);`));
  t.teardown(() => child.kill('SIGKILL'));
  const [line] = (await once(createInterface(child.stderr), 'line')) as [string];
  t.match(JSON.parse(line), { n: 1, msg: 'said' });
});
