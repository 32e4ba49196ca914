// What does the server say in a watch? Cuts the stream of bytes into lines and the lines into events. Apart because
// chunks end anywhere, also inside a character, and because nothing that cannot be read may be passed over in silence.
import type { KubeObject } from '../kinds.ts';
import type { WatchEvent } from './client.ts';
import { fromErrorEvent, fromSilence } from './failure.ts';

/** etcd holds no object larger than 1.5 MiB; a line of this size is no event. */
const LONGEST_LINE = 16 * 1024 * 1024;
const NEWLINE = 0x0a;

/** The events of a watch's body, in order. Rejects with ApiError; `what` names the watch in its message. */
export async function* readEvents<T extends KubeObject>(
  what: string,
  chunks: AsyncIterable<Uint8Array>,
  longestLine = LONGEST_LINE,
): AsyncGenerator<WatchEvent<T>, void> {
  for await (const line of readLines(what, chunks, longestLine)) {
    const event = parse(what, line);
    if (event.type === 'ERROR') throw fromErrorEvent(what, event.object);
    yield event as WatchEvent<T>;
  }
}

async function* readLines(
  what: string,
  chunks: AsyncIterable<Uint8Array>,
  longest: number,
): AsyncGenerator<string, void> {
  let pieces: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const line = Buffer.concat([...pieces, chunk.subarray(start, end)]).toString('utf8');
      pieces = [];
      length = 0;
      start = end + 1;
      if (line.trim() !== '') yield line;
    }
    if (start < chunk.length) pieces.push(chunk.subarray(start));
    length += chunk.length - start;
    if (length > longest) throw fromSilence(what, `a line of more than ${longest} bytes`);
  }
  if (length > 0) throw fromSilence(what, 'the stream ended inside an event');
}

const TYPES: ReadonlySet<unknown> = new Set(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR']);

function parse(what: string, line: string): { type: string; object: unknown } {
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch {
    // The parser's own message quotes the line.
    throw fromSilence(what, 'a line that is not JSON');
  }
  if (typeof event === 'object' && event !== null && 'type' in event && 'object' in event) {
    if (TYPES.has(event.type)) return event as { type: string; object: unknown };
  }
  throw fromSilence(what, 'a line that is no watch event');
}
