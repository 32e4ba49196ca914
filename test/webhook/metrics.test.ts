// What is counted and what is logged of answers: names and reasons, never what was sent.
import t from 'tap';
import { createLogger } from '../../shared/process/log.ts';
import { createMetrics } from '../../shared/process/metrics.ts';
import type { Answered } from '../../webhook/app.ts';
import { webhookMetrics } from '../../webhook/metrics.ts';
import { logAnswer } from '../../webhook/record.ts';
import type { Answer } from '../../webhook/review.ts';
import { create, LIST, namespace, optedIn, remove } from './build.ts';

const PATH = '/metadata/annotations/egressip-ipam-operator.redhat-cop.io~1egressips';
const ADD = [{ op: 'add', path: PATH, value: LIST }] as const;
const WHOLE = [
  {
    op: 'add',
    path: '/metadata/annotations',
    value: { 'egressip-ipam-operator.redhat-cop.io/egressips': LIST },
  },
] as const;
const REMOVE = [{ op: 'remove', path: PATH }] as const;

function answered(answer: Answer, request: Answered['request'] = create(optedIn('a'))): Answered {
  return { webhook: 'namespaces', request, answer, seconds: 0.25 };
}

t.test('every answer is counted by what became of it', async (t) => {
  const metrics = createMetrics();
  const counted = webhookMetrics(metrics, { silences: () => [['namespaces', 1_500]], inFlight: () => 3 });
  const denied = (code: 400 | 413 | 422 | 500 | 503): Answer => ({ allowed: false, code, message: 'no' });
  const answers: Answer[] = [{ allowed: true }, { allowed: true, patch: [] }, { allowed: true, patch: ADD }];
  for (const answer of [...answers, ...([400, 413, 422, 500, 503] as const).map(denied)]) {
    counted.answered(answered(answer));
  }
  counted.answered({ webhook: 'egressipams', request: undefined, answer: denied(400), seconds: 0 });
  counted.collided();
  const text = await metrics.text();
  const requests = text
    .split('\n')
    .filter((line) => line.startsWith('egressip_ipam_webhook_requests_total{'));
  t.same(requests, [
    'egressip_ipam_webhook_requests_total{webhook="namespaces",operation="CREATE",result="allowed"} 2',
    'egressip_ipam_webhook_requests_total{webhook="namespaces",operation="CREATE",result="patched"} 1',
    'egressip_ipam_webhook_requests_total{webhook="namespaces",operation="CREATE",result="malformed"} 2',
    'egressip_ipam_webhook_requests_total{webhook="namespaces",operation="CREATE",result="denied"} 1',
    'egressip_ipam_webhook_requests_total{webhook="namespaces",operation="CREATE",result="failed"} 1',
    'egressip_ipam_webhook_requests_total{webhook="namespaces",operation="CREATE",result="postponed"} 1',
    'egressip_ipam_webhook_requests_total{webhook="egressipams",operation="unknown",result="malformed"} 1',
  ]);
  t.match(
    text,
    'egressip_ipam_webhook_request_duration_seconds_sum{webhook="namespaces",operation="CREATE"} 2',
  );
  t.match(text, 'egressip_ipam_webhook_claim_collisions_total 1');
  t.match(text, 'egressip_ipam_webhook_in_flight 3');
  t.match(text, 'egressip_ipam_webhook_cache_silence_seconds{cache="namespaces"} 1.5');
});

t.test('one line for what was changed, refused or warned about, none for what passed', async (t) => {
  const lines: Record<string, unknown>[] = [];
  const output = { write: (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>) };
  const log = createLogger({ name: 'webhook', level: 'info', output: output as never });
  const secret = { 'example.com/secret': 'hush' };
  const events: readonly (readonly [Answered, readonly object[]])[] = [
    [answered({ allowed: true }), []],
    [
      answered({ allowed: true, patch: ADD }),
      [
        {
          level: 'info',
          msg: 'changed the list of egress IPs',
          name: 'a',
          egressIPs: LIST,
          egressIPAM: 'pool',
        },
      ],
    ],
    [answered({ allowed: true, patch: WHOLE }), [{ egressIPs: LIST }]],
    [answered({ allowed: true, patch: REMOVE }, create(namespace('a', secret))), [{ egressIPs: null }]],
    [answered({ allowed: true, warnings: ['full'] }), [{ level: 'info', msg: 'warned', warnings: ['full'] }]],
    [
      answered({ allowed: false, code: 422, message: 'no' }),
      [{ level: 'info', msg: 'refused', code: 422, why: 'no' }],
    ],
    [
      answered({ allowed: false, code: 503, message: 'later' }, remove(optedIn('b'))),
      [{ level: 'warn', msg: 'postponed', name: 'b', operation: 'DELETE' }],
    ],
    [
      answered({ allowed: false, code: 400, message: 'what?' }, undefined),
      [{ level: 'warn', msg: 'could not answer' }],
    ],
    [answered({ allowed: true, patch: ADD }, create(optedIn('a'), 'dryRun')), [{ dryRun: true }]],
  ];
  for (const [event, expected] of events) {
    lines.length = 0;
    logAnswer(log, event);
    t.equal(lines.length, expected.length);
    t.match(lines, expected);
    t.notMatch(JSON.stringify(lines), /hush/);
  }
});
