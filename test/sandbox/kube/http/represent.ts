// How an answer is spelled: JSON or YAML, the objects themselves, only their metadata, or a table for people. Which one
// is the client's wish (Accept), and errors are always a Status.
import { dump } from 'js-yaml';
import type { Reply } from '../dispatch.ts';
import { isObject, type JsonObject } from '../json.ts';
import type { ServedKind } from '../registry.ts';
import type { ResourceRequest, Sink, WatchLine } from '../request.ts';
import { notAcceptable } from '../status.ts';
import type { Version } from '../storage.ts';
import { type IncludeObject, partialObjectMetadata, toTable } from '../table.ts';

const JSON_TYPE = 'application/json';
const YAML_TYPE = 'application/yaml';

type View = 'objects' | 'metadata' | 'table';

/** What the client wants to read. */
export interface Wish {
  readonly view: View;
  readonly type: typeof JSON_TYPE | typeof YAML_TYPE;
}

const PLAIN: Wish = { view: 'objects', type: JSON_TYPE };

/** The first of the offered types that can be served. Throws NotAcceptable. */
export function wishOf(accept: string): Wish {
  if (accept === '' || accept === JSON_TYPE || accept === '*/*') return PLAIN;
  for (const offer of accept.split(',')) {
    const [type = '', ...parameters] = offer.split(';').map((part) => part.trim());
    const view = viewOf(parameters);
    if (view === undefined) continue;
    if (type === JSON_TYPE || type === '*/*' || type === 'application/*') return { view, type: JSON_TYPE };
    if (type === YAML_TYPE) return { view, type: YAML_TYPE };
  }
  throw notAcceptable([JSON_TYPE, YAML_TYPE]);
}

function viewOf(parameters: readonly string[]): View | undefined {
  const as = parameters.find((parameter) => parameter.startsWith('as='));
  if (as === undefined) return 'objects';
  if (parameters.some((parameter) => parameter.startsWith('g=') && parameter !== 'g=meta.k8s.io'))
    return undefined;
  if (as === 'as=Table') return 'table';
  return as === 'as=PartialObjectMetadata' || as === 'as=PartialObjectMetadataList' ? 'metadata' : undefined;
}

/** The body of everything that is not a watch. */
export function bodyOf(reply: Reply, wish: Wish, now: Date): string | Uint8Array {
  if (reply.about === undefined) return reply.page.body;
  const text = textOf(reply, wish, now);
  return wish.type === YAML_TYPE ? dump(JSON.parse(text)) : text;
}

type ResourceReply = Extract<Reply, { about: ServedKind }>;

function textOf({ about, request, answer }: ResourceReply, { view }: Wish, now: Date): string {
  switch (answer.form) {
    case 'status':
      return line(answer.status);
    case 'watch':
      throw new Error('a watch has no body');
    case 'object':
      if (view === 'metadata') return line(partialObjectMetadata(answer.object));
      if (view === 'table') return line(tableOf(about, request, [answer.object], now));
      return answer.stored === undefined ? line(answer.object) : `${textIn(about, answer.stored)}\n`;
    case 'list': {
      const objects = () => answer.items.map((item) => item.object);
      if (view === 'objects') return listText(about, answer.metadata, answer.items);
      if (view === 'table') return line(tableOf(about, request, objects(), now, answer.metadata));
      return line({
        kind: 'PartialObjectMetadataList',
        apiVersion: 'meta.k8s.io/v1',
        metadata: answer.metadata,
        items: objects().map(partialObjectMetadata),
      });
    }
  }
}

/** An object as the version of its kind that is asked for; nothing but the version differs. */
function textIn(kind: ServedKind, { object, text }: Version): string {
  if (object.apiVersion === kind.apiVersion) return text;
  return JSON.stringify({ ...object, apiVersion: kind.apiVersion });
}

/** The list's text out of the texts that its items have anyway. */
function listText(kind: ServedKind, metadata: JsonObject, items: readonly Version[]): string {
  const type = `"kind":"${kind.spec.listKind}","apiVersion":"${kind.apiVersion}"`;
  // Items of typed lists do not repeat their type, those of custom resources do.
  const own = `{"kind":"${kind.spec.kind}","apiVersion":"${kind.apiVersion}",`;
  const texts = items.map((item) => {
    const text = textIn(kind, item);
    return !kind.custom && text.startsWith(own) ? `{${text.slice(own.length)}` : text;
  });
  // Lists of custom resources always have the field.
  const about = kind.custom ? { continue: '', ...metadata } : metadata;
  return `{${type},"metadata":${JSON.stringify(about)},"items":[${texts.join(',')}]}\n`;
}

/** The sink as the client's view of the objects. */
export function viewedSink(request: ResourceRequest, wish: Wish, sink: Sink, now: () => Date): Sink {
  const { kind } = request;
  if (wish.view === 'objects') return versionedSink(kind, sink);
  let tables = 0;
  const view = (object: JsonObject): JsonObject => {
    if (wish.view === 'metadata') return partialObjectMetadata(object);
    const table = tableOf(kind, request, [object], now());
    // Only the first table of a watch says what its columns are.
    return tables++ === 0 ? table : { ...table, columnDefinitions: null };
  };
  const send = ({ type, object }: WatchLine) => {
    const viewed = type === 'ERROR' || !isObject(object) ? object : view(object);
    sink.send({ type, object: viewed, line: line({ type, object: viewed }) });
  };
  return { send, end: () => sink.end() };
}

function versionedSink(kind: ServedKind, sink: Sink): Sink {
  const send = (sent: WatchLine) => {
    const { type, object } = sent;
    if (type === 'ERROR' || object.apiVersion === kind.apiVersion) return sink.send(sent);
    const converted = { ...object, apiVersion: kind.apiVersion };
    sink.send({ type, object: converted, line: line({ type, object: converted }) });
  };
  return { send, end: () => sink.end() };
}

function tableOf(
  kind: ServedKind,
  request: ResourceRequest,
  objects: readonly JsonObject[],
  now: Date,
  listMetadata?: JsonObject,
): JsonObject {
  const [first] = objects;
  const metadata = isObject(first?.metadata) ? { resourceVersion: first.metadata.resourceVersion } : {};
  return toTable(kind.spec, objects, {
    includeObject: includeObject(request),
    now,
    listMetadata: listMetadata ?? metadata,
  });
}

function includeObject({ query }: ResourceRequest): IncludeObject {
  const wanted = query.get('includeObject');
  return wanted === 'Object' || wanted === 'None' ? wanted : 'Metadata';
}

function line(value: object): string {
  return `${JSON.stringify(value)}\n`;
}
