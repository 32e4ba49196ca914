import t from 'tap';
import { fromProtobuf } from './protobuf.ts';

/** A message of length-delimited fields; strings and nested messages are all there is. */
function message(...fields: readonly (readonly [number: number, value: string | Buffer])[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([number, value]) => {
      const bytes = Buffer.from(value);
      return [varint((number << 3) | 2), varint(bytes.length), bytes];
    }),
  );
}

function varint(value: number): Buffer {
  return value < 0x80
    ? Buffer.from([value])
    : Buffer.concat([Buffer.from([(value & 0x7f) | 0x80]), varint(value >> 7)]);
}

function wrapped(apiVersion: string, kind: string, raw: Buffer): Buffer {
  const typeMeta = message([1, apiVersion], [2, kind]);
  return Buffer.concat([Buffer.from('k8s\0'), message([1, typeMeta], [2, raw])]);
}

t.test('what kubectl posts becomes the same object as in JSON', async (t) => {
  const labels = [message([1, 'a'], [2, 'b']), message([1, 'c'], [2, 'x'.repeat(200)])];
  const metadata = message(
    [1, 'team'],
    [11, labels[0] ?? ''],
    [11, labels[1] ?? ''],
    [14, 'f/1'],
    [14, 'f/2'],
  );
  t.same(fromProtobuf(wrapped('v1', 'Namespace', message([1, metadata]))), {
    kind: 'Namespace',
    apiVersion: 'v1',
    metadata: { name: 'team', labels: { a: 'b', c: 'x'.repeat(200) }, finalizers: ['f/1', 'f/2'] },
  });
  const secret = message(
    [1, message([1, 's'])],
    [2, message([1, 'k'], [2, Buffer.from([0, 255])])],
    [3, 'Opaque'],
  );
  t.match(fromProtobuf(wrapped('v1', 'Secret', secret)), { data: { k: 'AP8=' }, type: 'Opaque' });
  const uid = message([1, 'u']);
  t.match(fromProtobuf(wrapped('v1', 'DeleteOptions', message([2, uid], [4, 'Background']))), {
    preconditions: { uid: 'u' },
    propagationPolicy: 'Background',
  });
});

t.test('numbers, times and choices are read by their type', async (t) => {
  const varints = (...pairs: readonly (readonly [number: number, value: number])[]) =>
    Buffer.concat(pairs.flatMap(([number, value]) => [varint(number << 3), varint(value)]));
  const target = varints([1, 0], [2, 9443]);
  const port = Buffer.concat([message([1, 'https'], [4, target]), varints([3, 443])]);
  const service = message([1, message([1, 's'], [8, Buffer.alloc(0)])], [2, message([1, port])]);
  t.match(fromProtobuf(wrapped('v1', 'Service', service)), {
    metadata: { name: 's', creationTimestamp: null },
    spec: { ports: [{ name: 'https', port: 443, targetPort: 9443 }] },
  });
});

t.test('what is not known or not whole is left to be refused', async (t) => {
  const namespace = wrapped('v1', 'Namespace', message([1, message([1, 'team'])]));
  t.ok(fromProtobuf(namespace));
  t.equal(fromProtobuf(wrapped('network.openshift.io/v1', 'HostSubnet', Buffer.alloc(0))), undefined);
  t.equal(fromProtobuf(Buffer.from('{"kind":"Namespace"}')), undefined);
  for (let length = 4; length < namespace.length; length++) {
    const read = fromProtobuf(namespace.subarray(0, length));
    t.notMatch(read, { metadata: { name: 'team' } }, `${length} bytes`);
  }
});
