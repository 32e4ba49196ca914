// The live view: what is shown, and when.
import t from 'tap';
import { ApiError } from '../../shared/kube/client.ts';
import { live } from './live.ts';
import type { NamespaceReport, Report } from './report.ts';

function report(egress: NamespaceReport['egress']): Report {
  const namespaces = [{ name: 'team-a', egressIPAM: null, egressIPs: [], hosts: [], egress }];
  return { platform: 'baremetal', namespaces, rejected: [], ec2Calls: {}, ok: true };
}

const GONE = new ApiError('unavailable', 'cut');

/** What is written while it looks at these one after the other; what is an error is thrown. */
async function written(isTTY: boolean, ...looks: readonly (Report | Error)[]): Promise<string[]> {
  const texts: string[] = [];
  const stop = new AbortController();
  const left = [...looks];
  const look = async () => {
    const next = left.shift();
    if (left.length === 0) stop.abort();
    if (next === undefined || next instanceof Error) throw next;
    return next;
  };
  await live(look, 'the hint', { isTTY, write: (text) => texts.push(text) }, stop.signal, 0);
  return texts;
}

const view = (egress: string) => `NAMESPACE  EGRESS   IP                  NODE\nteam-a     ${egress}`;

t.test('a change is shown once, with the hint below it', async (t) => {
  const texts = await written(false, report('dropped'), report('dropped'), report('node'), report('node'));
  t.equal(texts.length, 2);
  t.match(texts[0], view('DROPPED  (has not opted in)\n\nthe hint\n'));
  t.match(texts[1], 'node    (has not opted in)\n\nthe hint\n');
});

t.test('a terminal is cleared first', async (t) => {
  const [text] = await written(true, report('node'));
  t.ok(text?.startsWith('\u001b[H\u001b[2JNAMESPACE'));
});

t.test('an API server that is away for a while ends nothing; a bug does', async (t) => {
  const texts = await written(false, GONE, report('dropped'), GONE, report('dropped'), report('node'));
  t.equal(texts.length, 2);
  await t.rejects(written(false, new TypeError('a bug'), report('node')), { message: 'a bug' });
});
