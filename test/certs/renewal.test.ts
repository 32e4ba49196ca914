import t from 'tap';
import { issueCA, issueServing } from '../../certs/issue.ts';
import { decideRenewal, type StoredCertificates } from '../../certs/renewal.ts';

const DAY = 86_400_000;
const made = new Date('2026-03-01T00:05:00Z');
const names = { dnsNames: ['hook.ns.svc', 'localhost'], ipAddresses: ['127.0.0.1'] };
const after = (days: number) => new Date(made.getTime() + days * DAY);

const ca = issueCA({ commonName: 'ca', validFor: 300 * DAY, now: made });
const other = issueCA({ commonName: 'ca', validFor: 300 * DAY, now: made });
const issue = (issuer: typeof ca, validFor: number, dnsNames = names.dnsNames) =>
  issueServing(issuer, { ...names, dnsNames, commonName: 'hook', validFor, now: made });
const serving = issue(ca, 90 * DAY);
const good: StoredCertificates = { caBundle: ca.cert, caKey: ca.key, ...serving };

const rows: readonly [string, Partial<StoredCertificates>, number, string][] = [
  ['fresh certificates are kept', {}, 0, 'Keep'],
  ['a CA from a clock that is ahead is replaced', {}, -0.1, 'RotateCA: the CA is not valid yet'],
  [
    'so is a serving certificate',
    issueServing(ca, { ...names, commonName: 'hook', validFor: 90 * DAY, now: after(2) }),
    1,
    'IssueServing: the serving certificate is not valid yet',
  ],
  ['also beside older CAs', { caBundle: ca.cert + other.cert }, 0, 'Keep'],
  ['the serving certificate is kept for two thirds of its life', {}, 59.9, 'Keep'],
  ['and then replaced', {}, 60, 'IssueServing: the serving certificate is past two thirds of its life'],
  [
    'also long after its end',
    {},
    150,
    'IssueServing: the serving certificate is past two thirds of its life',
  ],
  ['the CA is kept for two thirds of its life', issue(ca, 300 * DAY), 199.9, 'Keep'],
  ['and then rotated', issue(ca, 300 * DAY), 200, 'RotateCA: the CA is past two thirds of its life'],
  [
    'an empty Secret gets everything',
    { caBundle: '', caKey: '', cert: '', key: '' },
    0,
    'RotateCA: there is no CA',
  ],
  ['a CA that cannot be read is replaced', { caBundle: 'garbage' }, 0, 'RotateCA: there is no CA'],
  ['a CA without its key cannot sign', { caKey: '' }, 0, 'RotateCA: the key of the CA is missing'],
  ['neither with the key of another', { caKey: other.key }, 0, 'RotateCA: the key of the CA is missing'],
  [
    'neither with a key that cannot be read',
    { caKey: 'garbage' },
    0,
    'RotateCA: the key of the CA is missing',
  ],
  [
    'a missing serving certificate is issued',
    { cert: '' },
    0,
    'IssueServing: there is no serving certificate',
  ],
  [
    'so is one without its key',
    { key: other.key },
    0,
    'IssueServing: the key of the serving certificate is missing',
  ],
  [
    'one of another CA of the same name is replaced',
    issue(other, 90 * DAY),
    0,
    'IssueServing: the serving certificate is of another CA',
  ],
  [
    'one for other names is replaced',
    issue(ca, 90 * DAY, ['hook.ns.svc']),
    0,
    'IssueServing: the serving certificate is for other names',
  ],
];

for (const [name, change, days, expected] of rows) {
  t.test(name, async (t) => {
    const renewal = decideRenewal({ ...good, ...change }, names, after(days));
    t.equal(renewal.kind === 'Keep' ? 'Keep' : `${renewal.kind}: ${renewal.reason}`, expected);
  });
}
