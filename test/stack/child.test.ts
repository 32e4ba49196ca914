// A child is waited for as long as it can still say what is wanted, and no longer.
import t from 'tap';
import { Child } from './child.ts';

const never = () => false;

t.test('who ends before, or takes too long, is given up with what it has said', async (t) => {
  const wrong = new Child({ script: 'reconciler/main.ts', args: ['--bogus'] });
  await t.rejects(wrong.line(never), { message: /^reconciler\/main.ts ended with status 2:\n.*--bogus/ });
  const silent = new Child({ script: 'test/sandbox/main.ts', args: ['--platform=baremetal', '--nodes=1'] });
  t.teardown(() => silent.stop());
  await t.rejects(silent.line(never, 1), {
    message: /^test\/sandbox\/main.ts has not started within 0.001 s/,
  });
  t.match(await silent.line((line) => 'url' in line), { platform: 'baremetal' });
});
