// The OpenAPI v2 document, in protobuf, for kubectl up to 1.28, which will not validate or explain without
// one. It says that the server checks fields itself, and nothing else: without definitions kubectl uses what
// it knows.

import { groupVersionOf, type KindSpec } from './kind.ts';

/**
 * The media type of the answer. kubectl asks for one with an `@`, which it would not understand as an answer.
 */
export const OPENAPI_V2 = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

const PARAMETERS = ['dryRun', 'fieldManager', 'fieldValidation'];

// Field numbers: https://github.com/google/gnostic-models/blob/main/openapiv2/OpenAPIv2.proto
/** `/openapi/v2`: one PATCH per kind with the query parameters that it takes. */
export function openapiV2(kinds: readonly KindSpec[]): Uint8Array {
  const patchable = kinds.filter((kind) => kind.verbs.includes('patch'));
  const paths = patchable.map((kind) => [2, namedPath(kind)] as const);
  const info = writeMessage([1, 'Kubernetes'], [2, 'unversioned']);
  return writeMessage([1, '2.0'], [2, info], [8, writeMessage(...paths)]);
}

function namedPath(kind: KindSpec): Uint8Array {
  const root = `${kind.group === '' ? '/api' : '/apis'}/${groupVersionOf(kind)}`;
  const namespace = kind.namespaced ? '/namespaces/{namespace}' : '';
  return writeMessage(
    [1, `${root}${namespace}/${kind.plural}/{name}`],
    [2, writeMessage([8, patchOperation(kind)])],
  );
}

function patchOperation(kind: KindSpec): Uint8Array {
  const { group, version } = kind;
  // The value of an extension is YAML, which JSON is.
  const gvk = JSON.stringify({ group, kind: kind.kind, version });
  const extension = writeMessage([1, 'x-kubernetes-group-version-kind'], [2, writeMessage([2, gvk])]);
  return writeMessage(...PARAMETERS.map((name) => [8, queryParameter(name)] as const), [13, extension]);
}

function queryParameter(name: string): Uint8Array {
  const query = writeMessage([2, 'query'], [4, name], [6, 'string']);
  const parameter = writeMessage([2, writeMessage([3, query])]);
  return writeMessage([1, parameter]);
}

/** A message from its fields, each a number and a text, a flag or the bytes of a message. */
function writeMessage(...fields: readonly (readonly [number, string | boolean | Uint8Array])[]): Uint8Array {
  return Buffer.concat(
    fields.flatMap(([number, value]) => {
      if (typeof value === 'boolean') return [varintBytes(number << 3), varintBytes(value ? 1 : 0)];
      const bytes = typeof value === 'string' ? Buffer.from(value) : value;
      return [varintBytes((number << 3) | 2), varintBytes(bytes.length), bytes];
    }),
  );
}

function varintBytes(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  return Uint8Array.of(...bytes, rest);
}
