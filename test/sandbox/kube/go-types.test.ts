import t from 'tap';
import { SCHEMAS } from './builtins-schemas.ts';
import { typeFault } from './go-types.ts';

const field = (found: string, where: string, type: string) =>
  `json: cannot unmarshal ${found} into Go struct field ${where} of type ${type}`;

t.test('a value of the wrong type is told as Go tells it', async (t) => {
  const rows: readonly (readonly [gvk: string, object: object, fault: string | undefined])[] = [
    ['v1/Namespace', { metadata: { name: 'a', labels: { a: 'b' } } }, undefined],
    ['v1/Namespace', { metadata: null, spec: null }, undefined],
    ['v1/Namespace', { metadata: 'x' }, field('string', 'Namespace.metadata', 'v1.ObjectMeta')],
    ['v1/Namespace', { metadata: { name: 5 } }, field('number', 'ObjectMeta.metadata.name', 'string')],
    [
      'v1/Namespace',
      { metadata: { labels: { a: true } } },
      field('bool', 'ObjectMeta.metadata.labels', 'string'),
    ],
    [
      'v1/Namespace',
      { metadata: { labels: [] } },
      field('array', 'ObjectMeta.metadata.labels', 'map[string]string'),
    ],
    [
      'v1/Namespace',
      { metadata: { finalizers: 'a' } },
      field('string', 'ObjectMeta.metadata.finalizers', '[]string'),
    ],
    ['v1/ConfigMap', { data: { a: 1 } }, field('number', 'ConfigMap.data', 'string')],
    [
      'v1/Service',
      { spec: { ports: [{ port: 'x' }] } },
      field('string', 'ServicePort.spec.ports.port', 'int32'),
    ],
    ['v1/Secret', { data: { a: 'YQ==', b: 'YWI=', c: 'YWJj', d: '' } }, undefined],
    ['v1/Secret', { data: { a: '!!' } }, 'illegal base64 data at input byte 0'],
    ['v1/Secret', { data: { a: 'YWJjY' } }, 'illegal base64 data at input byte 4'],
    [
      'apps/v1/Deployment',
      { spec: { template: { spec: { containers: [{ env: [{ name: 'A', value: 1 }] }] } } } },
      field('number', 'EnvVar.spec.template.spec.containers.env.value', 'string'),
    ],
    [
      'apps/v1/Deployment',
      { spec: { replicas: 1.5 } },
      field('number 1.5', 'DeploymentSpec.spec.replicas', 'int32'),
    ],
    [
      'coordination.k8s.io/v1/Lease',
      { spec: { renewTime: '2026-11-28T13:31:50Z' } },
      'parsing time "2026-11-28T13:31:50Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "Z" as ".000000"',
    ],
    ['coordination.k8s.io/v1/Lease', { spec: { renewTime: '2026-11-28T13:31:50.123456Z' } }, undefined],
    [
      'v1/Event',
      { lastTimestamp: 'yesterday' },
      'parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"',
    ],
  ];
  for (const [gvk, object, fault] of rows) {
    t.equal(
      typeFault(SCHEMAS[gvk] ?? {}, object, gvk.split('/').at(-1) ?? ''),
      fault,
      JSON.stringify(object),
    );
  }
});

t.test('what a strategic merge patch leaves is converted, and has sentences of its own', async (t) => {
  const rows: readonly (readonly [object: object, fault: string | undefined])[] = [
    [{ metadata: { labels: { a: 'b' } } }, undefined],
    [{ metadata: { labels: { a: 1 } } }, 'cannot convert int64 to string'],
    [{ metadata: { labels: { a: 1.5 } } }, 'unrecognized type: string'],
    [{ metadata: { labels: { a: true } } }, 'unrecognized type: string'],
    [{ metadata: { labels: 'a' } }, 'cannot restore map from string'],
    [{ metadata: { finalizers: { a: 'b' } } }, 'cannot restore slice from map'],
    [{ metadata: 'a' }, 'cannot restore struct from: string'],
    [{ metadata: { generation: 'a' } }, 'unrecognized type: int64'],
    [{ metadata: { generation: 1.5 } }, 'cannot convert float64 to int64'],
  ];
  for (const [object, fault] of rows) {
    t.equal(
      typeFault(SCHEMAS['v1/Namespace'] ?? {}, object, 'Namespace', 'convert'),
      fault,
      JSON.stringify(object),
    );
  }
});

t.test('what is no object at all has no field', async (t) => {
  t.equal(
    typeFault({}, 'x', 'ObjectMeta'),
    'json: cannot unmarshal string into Go value of type v1.ObjectMeta',
  );
});
