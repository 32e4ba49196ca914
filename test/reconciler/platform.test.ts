import t from 'tap';
import { type AssignFlag, detectPlatform, EGRESS_IPCONFIG_ANNOTATION } from '../../reconciler/platform.ts';
import type { NodeObject } from '../../shared/kinds.ts';

const METADATA = { name: 'cluster', uid: 'u', resourceVersion: '1' };

function on(type: string | undefined, flag: AssignFlag = 'auto', nodes: readonly NodeObject[] = []) {
  const platformStatus = type === undefined ? {} : { type, aws: { region: 'eu-central-1' } };
  return detectPlatform(flag, { metadata: METADATA, status: { platformStatus } }, nodes);
}

/** As OpenShift 4.10 and newer marks them in a cloud. */
const MARKED: NodeObject = {
  metadata: { ...METADATA, name: 'n1', annotations: { [EGRESS_IPCONFIG_ANNOTATION]: '[]' } },
};

t.test('who assigns is found out from the cluster', async (t) => {
  const rows: [what: string | undefined, nodes: readonly NodeObject[], kind: string][] = [
    ['AWS', [], 'aws'],
    ['AWS', [{ metadata: { ...METADATA, name: 'n0' } }, MARKED], 'platform'],
    ['GCP', [MARKED], 'platform'],
    ['BareMetal', [], 'none'],
    ['VSphere', [], 'none'],
    ['None', [], 'none'],
    ['something that is new to us', [], 'none'],
    [undefined, [], 'none'],
  ];
  for (const [what, nodes, kind] of rows) t.equal(on(what, 'auto', nodes).kind, kind, what ?? 'not told');
  t.equal(detectPlatform('auto', undefined, []).kind, 'none', 'no OpenShift at all');
});

t.test('a cluster that does not say what it is, is what its nodes are', async (t) => {
  const node = (providerID: string): NodeObject => ({
    metadata: { ...METADATA, name: 'n1' },
    spec: { providerID },
  });
  const rows: [providerID: string, kind: string][] = [
    ['aws:///eu-central-1a/i-0123456789abcdef0', 'aws'],
    ['gce://project/zone/n1', 'unsupported'],
    ['vsphere://4216c1a3', 'none'],
    ['', 'none'],
  ];
  for (const [providerID, kind] of rows) {
    const nodes = [{ metadata: { ...METADATA, name: 'n0' } }, node(providerID)];
    t.equal(detectPlatform('auto', undefined, nodes).kind, kind, providerID);
    t.equal(detectPlatform('none', undefined, nodes).kind, 'none', `${providerID}, by hand`);
  }
  t.equal(on('BareMetal', 'auto', [node('aws:///eu-central-1a/i-0123456789abcdef0')]).kind, 'none');
});

t.test('the region is that of the cluster', async (t) => {
  t.same(on('AWS'), { kind: 'aws', region: 'eu-central-1' });
  t.same(detectPlatform('ec2', undefined, []), { kind: 'aws', region: undefined });
});

t.test('D28: a cloud that we know and cannot serve says so, with what would work', async (t) => {
  for (const type of ['Azure', 'GCP', 'OpenStack', 'IBMCloud']) {
    t.match(on(type), { kind: 'unsupported', message: new RegExp(`^Platform ${type} .*--assign=none`) });
    t.equal(on(type, 'none').kind, 'none');
  }
});

t.test('a flag overrules what the cluster says', async (t) => {
  t.equal(on('BareMetal', 'ec2').kind, 'aws');
  t.equal(on('AWS', 'none', [MARKED]).kind, 'none');
  t.equal(on('AWS', 'platform').kind, 'platform');
  t.equal(on('AWS', 'ec2', [MARKED]).kind, 'aws');
});
