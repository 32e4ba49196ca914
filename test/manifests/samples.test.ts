// Would the samples work? Each is judged by the schema, by the parser that both processes use, and against
// all the others.
import { join } from 'node:path';
import t from 'tap';
import { requestedIPs } from '../../shared/annotation.ts';
import { type EgressIPAM, parseEgressIPAMs } from '../../shared/egressipam.ts';
import { EGRESSIPAM_ANNOTATION, EGRESSIPS_ANNOTATION } from '../../shared/names.ts';
import { MANIFESTS, type Manifest, objectsIn, yamlFiles } from './read.ts';
import { unknownFields, validator } from './schema.ts';

const SAMPLES = ['aws', 'baremetal', 'baremetal-several-cidrs'];
const objects = (sample: string): Manifest[] =>
  yamlFiles(join(MANIFESTS, 'samples', sample)).flatMap(objectsIn);
const egressIPAMs = SAMPLES.flatMap(objects).filter((object) => object.kind === 'EgressIPAM');
const parsed = parseEgressIPAMs(egressIPAMs);

t.test('every EgressIPAM of the samples is taken by the schema, with every field', async (t) => {
  const fault = validator('egressipams');
  for (const object of egressIPAMs) {
    t.equal(fault(object), null, object.metadata.name);
    t.same(unknownFields('egressipams', object), [], object.metadata.name);
  }
});

t.test('the EgressIPAMs of the samples are valid, also beside each other', async (t) => {
  t.same([...parsed.valid.keys()].sort(), ['egressipam-aws', 'egressipam-baremetal', 'egressipam-racks']);
  t.same([...parsed.invalid], []);
});

for (const sample of SAMPLES) {
  t.test(`of the namespaces of ${sample}, one leaves its IPs to us and one names them all`, async (t) => {
    const namespaces = objects(sample).filter((object) => object.kind === 'Namespace');
    const listed = namespaces.map(({ metadata }) => {
      const egressIPAM = parsed.valid.get(metadata.annotations[EGRESSIPAM_ANNOTATION]) as EgressIPAM;
      const text = metadata.annotations[EGRESSIPS_ANNOTATION];
      if (text === undefined) return 'none';
      const ips = requestedIPs(text, egressIPAM);
      return ips.ok && ips.value.size === egressIPAM.pools.length ? 'all' : ips;
    });
    t.same(listed, ['none', 'all']);
  });
}

t.test('the AWS sample is one CIDR per zone, the bare metal ones are one and several', async (t) => {
  const shape = (name: string) =>
    parsed.valid.get(name)?.pools.map((pool) => `${pool.labelValue} ${pool.name}`);
  t.same(shape('egressipam-aws'), [
    'eu-central-1a 10.0.128.0/20',
    'eu-central-1b 10.0.144.0/20',
    'eu-central-1c 10.0.160.0/20',
  ]);
  t.same(shape('egressipam-baremetal'), ['true 192.168.100.0/24']);
  t.same(shape('egressipam-racks'), ['rack-1 192.168.101.0/24', 'rack-2 192.168.102.0/24']);
});
