// kubectl 1.32 posts built-in kinds as protobuf (`kubectl create namespace`, `auth can-i`) and reads answers as JSON. So
// protobuf is read here, at the edge, and becomes JSON; it is never written. Only the messages of protobuf-messages.ts.
// https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
import { fieldOf, type JsonObject, listOf, objectOf, textOf } from '../json.ts';
import { type FieldType, type Message, messageOf, UNKNOWN } from './protobuf-messages.ts';

export const PROTOBUF = 'application/vnd.kubernetes.protobuf';

const MAGIC = Buffer.from('k8s\0');

/** The object in a body of that type; undefined when it is of a kind that is not known here, or not protobuf at all. */
export function fromProtobuf(body: Buffer): JsonObject | undefined {
  if (!body.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  try {
    const envelope = read(body.subarray(MAGIC.length), UNKNOWN);
    const [apiVersion, kind] = [
      fieldOf(envelope, 'typeMeta', 'apiVersion'),
      fieldOf(envelope, 'typeMeta', 'kind'),
    ];
    const message = messageOf(textOf(apiVersion), textOf(kind));
    if (message === undefined) return undefined;
    return { kind, apiVersion, ...read(Buffer.from(textOf(envelope.raw), 'base64'), message) };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.#bytes.readUInt8(this.#at++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
  }

  /** A length-delimited field. */
  chunk(): Buffer {
    const length = Number(this.varint());
    if (length < 0 || this.#at + length > this.#bytes.length) throw new RangeError('truncated');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}

function read(bytes: Buffer, message: Message): JsonObject {
  const reader = new Reader(bytes);
  const object: JsonObject = {};
  while (!reader.done) {
    const tag = Number(reader.varint());
    const value = (tag & 7) === 0 ? reader.varint() : reader.chunk();
    const field = message[tag >> 3];
    if (field === undefined) continue;
    const [name, type] = field;
    add(object, name, type, value);
  }
  return object;
}

function add(object: JsonObject, name: string, type: FieldType, value: bigint | Buffer): void {
  if (typeof type === 'object' && 'list' in type) {
    object[name] = [...listOf(object[name]), single(type.list, value)];
  } else if (typeof type === 'object' && 'map' in type) {
    const entry = read(value as Buffer, { 1: ['key', 'string'], 2: ['value', type.map] });
    object[name] = { ...objectOf(object[name]), [textOf(entry.key)]: entry.value ?? '' };
  } else {
    object[name] = single(type, value);
  }
}

function single(type: FieldType, value: bigint | Buffer): unknown {
  if (typeof value === 'bigint') return type === 'bool' ? value !== 0n : Number(value);
  if (type === 'string') return value.toString();
  if (type === 'bytes') return value.toString('base64');
  if (type === 'time') return time(value);
  if (type === 'intOrString') return intOrString(value);
  return typeof type === 'object' && 'message' in type ? read(value, type.message) : undefined;
}

function time(bytes: Buffer): string | null {
  const { seconds } = read(bytes, { 1: ['seconds', 'int'] });
  // The zero of Go's time.Time, which stands for «not set».
  if (typeof seconds !== 'number' || seconds < -60_000_000_000) return null;
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}

function intOrString(bytes: Buffer): unknown {
  const {
    type = 0,
    number = 0,
    text = '',
  } = read(bytes, {
    1: ['type', 'int'],
    2: ['number', 'int'],
    3: ['text', 'string'],
  });
  return type === 0 ? number : text;
}
