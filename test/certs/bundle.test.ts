import t from 'tap';
import { joinBundles, splitBundle, withoutExpired } from '../../certs/bundle.ts';
import { issueCA } from '../../certs/issue.ts';

const DAY = 86_400_000;
const now = new Date('2026-03-01T00:00:00Z');
const ca = (commonName: string, days: number) => issueCA({ commonName, validFor: days * DAY, now }).cert;
const [a, b, c] = [ca('a', 10), ca('b', 20), ca('c', 30)];

t.test('a bundle is taken apart in order, whatever stands between', async (t) => {
  t.same(splitBundle(`# first\n${a}\n\n${b.replaceAll('\n', '\r\n')}trailing`), [a, b]);
  t.same(splitBundle(''), []);
});

t.test('what is no certificate is left out', async (t) => {
  const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
  const key = issueCA({ commonName: 'k', validFor: DAY, now }).key;
  t.same(splitBundle(`${broken}${key}${a}`), [a]);
});

t.test('joined bundles have each certificate once, those of the first bundle first', async (t) => {
  t.equal(joinBundles(c, `${a}${b}`), c + a + b);
  t.equal(joinBundles(b, `${a}${b}`), b + a);
  t.equal(joinBundles('', a, ''), a);
});

t.test('expired certificates are dropped, at the moment they expire', async (t) => {
  const end = new Date(now.getTime() + 10 * DAY);
  t.equal(withoutExpired(a + b, new Date(end.getTime() - 1)), a + b);
  t.equal(withoutExpired(a + b, end), b);
});
