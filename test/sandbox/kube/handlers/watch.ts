// Watching: what is there or what has happened since, then every change as it is made. A watch begins in the same tick
// in which it reads the past, so nothing falls between the two.
import type { Cluster } from '../cluster.ts';
import { checkWatchOptions, integerIn } from '../options.ts';
import type { Answer, ResourceRequest, Sink, WatchLine } from '../request.ts';
import { expired, type StatusObject } from '../status.ts';
import { Change, HistoryLost, Version } from '../storage.ts';
import { wantedRevision } from './list.ts';
import { selection } from './selection.ts';

/** As kube-apiserver's: a watch that asks for no end lives half an hour; bookmarks come each minute. */
const DEFAULT_TIMEOUT = 1800;
const BOOKMARK_PERIOD = 60_000;
/** A last bookmark comes this long before the end, if the watch is longer. */
const LAST_BOOKMARK = 2_000;
const LONGEST_TIMER = 2 ** 31 - 1;

export function watch(cluster: Cluster, request: ResourceRequest): Answer {
  checkWatchOptions(request.query);
  const from = wantedRevision(request);
  const seconds = integerIn(request.query, 'timeoutSeconds') || DEFAULT_TIMEOUT;
  const matches = inScope(request);
  const initial = wantsInitialEvents(request);
  return {
    form: 'watch',
    code: 200,
    open: (sink) => open(cluster, request, { from, seconds, matches, initial }, sink),
  };
}

interface Wish {
  readonly from: number;
  /** How long the watch lives. */
  readonly seconds: number;
  readonly matches: (version: Version) => boolean;
  /** `marked`: the client wants to be told when the present has been sent. */
  readonly initial: 'none' | 'plain' | 'marked';
}

function open(cluster: Cluster, request: ResourceRequest, wish: Wish, sink: Sink): () => void {
  const { collection } = request.kind;
  let past: readonly Change[];
  try {
    past = wish.initial === 'none' ? collection.since(wish.from) : present(collection.list());
  } catch (error) {
    if (!(error instanceof HistoryLost)) throw error;
    sink.send(errorLine(expired(error.message).status));
    sink.end();
    return () => {};
  }
  const show = (change: Change) => {
    const seen = asSeen(change, wish.matches);
    if (seen !== undefined) sink.send(seen);
  };
  past.forEach(show);
  if (wish.initial === 'marked') sink.send(bookmark(cluster, request, INITIAL_EVENTS_END));
  const stopListening = collection.listen(show);
  const stopTimers = schedule(cluster, request, wish.seconds, sink, stopListening);
  return () => {
    stopListening();
    stopTimers();
  };
}

/** Ends the watch in time and sends bookmarks until then. */
function schedule(
  cluster: Cluster,
  request: ResourceRequest,
  seconds: number,
  sink: Sink,
  stop: () => void,
): () => void {
  const { query } = request;
  const timeout = Math.min(seconds * 1000, LONGEST_TIMER);
  const timers: NodeJS.Timeout[] = [];
  const finish = () => {
    stop();
    for (const timer of timers) clearTimeout(timer);
    sink.end();
  };
  timers.push(setTimeout(finish, timeout));
  if (query.get('allowWatchBookmarks') === 'true' || query.get('allowWatchBookmarks') === '1') {
    const mark = () => sink.send(bookmark(cluster, request));
    timers.push(setInterval(mark, BOOKMARK_PERIOD));
    if (timeout > LAST_BOOKMARK) timers.push(setTimeout(mark, timeout - LAST_BOOKMARK));
  }
  return () => {
    for (const timer of timers) clearTimeout(timer);
  };
}

function wantsInitialEvents(request: ResourceRequest): Wish['initial'] {
  const { query } = request;
  const text = query.get('sendInitialEvents');
  if (text === 'true' || text === '1') {
    return query.get('allowWatchBookmarks') === 'true' ? 'marked' : 'plain';
  }
  return wantedRevision(request) === 0 && text === null ? 'plain' : 'none';
}

function inScope(request: ResourceRequest): (version: Version) => boolean {
  const { kind, namespace } = request;
  const selected = selection(request);
  if (!kind.spec.namespaced || namespace === '') return selected;
  return (version) => version.namespace === namespace && selected(version);
}

function present(versions: readonly Version[]): Change[] {
  return versions.map((version) => new Change('ADDED', version, undefined));
}

/** An object that comes to match is added, one that ceases to match is deleted, for this watcher. */
function asSeen(change: Change, matches: (version: Version) => boolean): Change | undefined {
  const { type, version, before } = change;
  if (type === 'DELETED') return matches(before ?? version) ? change : undefined;
  const was = before !== undefined && matches(before);
  if (matches(version)) return was || before === undefined ? change : new Change('ADDED', version, before);
  return was ? new Change('DELETED', lastSeen(before, version.revision), before) : undefined;
}

function lastSeen({ object }: Version, revision: number): Version {
  const metadata = { ...object.metadata, resourceVersion: String(revision) };
  return new Version({ ...object, metadata }, revision);
}

const INITIAL_EVENTS_END = { 'k8s.io/initial-events-end': 'true' };

function bookmark(
  { storage }: Cluster,
  { kind }: ResourceRequest,
  annotations?: Readonly<Record<string, string>>,
): WatchLine {
  // Nothing but the revision; typed objects show their empty parts.
  const object = {
    kind: kind.spec.kind,
    apiVersion: kind.apiVersion,
    metadata: {
      resourceVersion: String(storage.revision),
      ...(kind.custom ? {} : { creationTimestamp: null }),
      ...(annotations === undefined ? {} : { annotations }),
    },
    ...(kind.spec.kind === 'Namespace' ? { spec: {}, status: {} } : {}),
  };
  return { type: 'BOOKMARK', object, line: `${JSON.stringify({ type: 'BOOKMARK', object })}\n` };
}

function errorLine(status: StatusObject): WatchLine {
  return { type: 'ERROR', object: status, line: `${JSON.stringify({ type: 'ERROR', object: status })}\n` };
}
