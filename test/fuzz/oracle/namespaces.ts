// What must become of a request about a namespace? The table of the design, row by row, over the facts of the fuzzed cluster;
// and whether the answer is that.
import { isIn } from './addresses.ts';
import { isObject, type SlowAnswer } from './answers.ts';
import { type SlowPool, slowList, stripped } from './egressipams.ts';
import { EGRESSIPAMS, hasRoom, numberOf, type SlowEgressIPAM, whoHolds, whyNever } from './facts.ts';
import { annotationOf, type SlowObject, type SlowRequest, textOf } from './reviews.ts';

/** What is right. */
type Right =
  /** Allowed, and nothing is touched. */
  | { readonly kind: 'untouched' }
  | { readonly kind: 'removed' }
  /** Allowed, and the list is this very text afterwards. */
  | { readonly kind: 'text'; readonly text: string }
  /** Allowed, and the list has one IP of each pool: these, and free ones of the others. */
  | {
      readonly kind: 'complete';
      readonly egressIPAM: SlowEgressIPAM;
      readonly fixed: ReadonlyMap<SlowPool, string>;
    }
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'postponed' };

const SYSTEM = /^(?:default$|openshift$|egressip-ipam-operator$|openshift-|kube-)/;

/** Faults of the answer; none when it is right. */
export function judgeNamespace(
  request: SlowRequest,
  answer: SlowAnswer,
  claimed: ReadonlyMap<string, string>,
): string[] {
  const right = rightAnswer(request);
  if (right.kind === 'refused' || right.kind === 'postponed') {
    const code = right.kind === 'refused' ? 422 : 503;
    if (answer.allowed) return [`allowed, though ${JSON.stringify(right)}`];
    return answer.code === code
      ? []
      : [`code ${answer.code}, though ${JSON.stringify(right)}: ${answer.message}`];
  }
  if (!answer.allowed) return [`refused though it is ${right.kind}: ${answer.message}`];
  const list = listAfter(request.object, answer.patch);
  if (typeof list !== 'string' && list !== undefined) return [list.fault];
  const faults = judgeList(request, right, list, answer.patch.length);
  return faults.length > 0 ? faults : judgeClaims(request, right, list, claimed);
}

function rightAnswer(request: SlowRequest): Right {
  const { operation, object, oldObject, subResource } = request;
  const isWrite = operation === 'CREATE' || operation === 'UPDATE';
  if (subResource !== '' || !isWrite || object === undefined) return { kind: 'untouched' };
  const [after, before] = [egressIPAMIn(object), egressIPAMIn(oldObject)];
  if (after === undefined && before === undefined) return { kind: 'untouched' };
  if (textOf(object, 'deletionTimestamp') !== undefined) return { kind: 'untouched' };
  if (SYSTEM.test(textOf(object, 'name') || textOf(object, 'generateName') || ''))
    return { kind: 'untouched' };
  if (after === undefined) return { kind: 'removed' };
  if (after !== before) return optsIn(request, object, after);
  const [text, old] = [listIn(object), listIn(oldObject)];
  return text === old ? { kind: 'untouched' } : changes(object, after, text ?? '', old ?? '');
}

function optsIn(request: SlowRequest, object: SlowObject, name: string): Right {
  const target = targetOf(name);
  if ('kind' in target) return target;
  const text = listIn(object);
  const list = slowList(text ?? '', target.pools);
  const isLeftOver =
    request.operation === 'UPDATE' && text === listIn(request.oldObject) && typeof list === 'string';
  if (text === undefined || isLeftOver) return filled(object, target, new Map(), target.pools.length > 0);
  if (typeof list === 'string') return { kind: 'refused', why: list };
  if (list.size !== target.pools.length) return { kind: 'refused', why: 'not complete' };
  const why = [...list].map(([pool, ip]) => whyNot(pool, ip, object)).find((one) => one !== undefined);
  if (why !== undefined) return { kind: 'refused', why };
  return target.isCramped ? { kind: 'refused', why: 'no room' } : { kind: 'text', text };
}

/** The list is another one, the EgressIPAM the same. */
function changes(object: SlowObject, name: string, text: string, old: string): Right {
  const [before, after] = [addressesIn(old), addressesIn(text)];
  const known = EGRESSIPAMS.get(name);
  const entries = text.trim() === '' ? [] : text.split(',');
  const onlyLeavesOut = entries.length === after.length && after.every((ip) => before.includes(ip));
  if (onlyLeavesOut) {
    if (after.length === before.length || known?.isDraining === true) return { kind: 'untouched' };
    // Of one that is stored and invalid nothing is known, as of one that is not stored.
    const isKnown = known !== undefined && known.pools.length > 0;
    if (!isKnown || typeof slowList(old, known.pools) !== 'string') return { kind: 'text', text: old };
  }
  const right = replaced(object, name, text, old);
  const isRefused = right.kind === 'refused' || right.kind === 'postponed';
  return isRefused && onlyLeavesOut && after.length === 0 ? { kind: 'text', text: old } : right;
}

/** The list is judged like a new one, but for what was in the old one. */
function replaced(object: SlowObject, name: string, text: string, old: string): Right {
  const [before, after] = [addressesIn(old), addressesIn(text)];
  const target = targetOf(name);
  if ('kind' in target) return target;
  const list = slowList(text, target.pools);
  if (text.trim() !== '' && typeof list === 'string') return { kind: 'refused', why: list };
  const fixed = new Map<SlowPool, string>();
  for (const ip of [...after, ...before]) {
    const pool = target.pools.find((one) => isIn(one, numberOf(ip)));
    if (pool !== undefined && !fixed.has(pool)) fixed.set(pool, ip);
  }
  for (const [pool, ip] of fixed) {
    const why = before.includes(ip) ? undefined : whyNot(pool, ip, object);
    if (why !== undefined) return { kind: 'refused', why };
  }
  const hadOne = (pool: SlowPool) => before.some((ip) => isIn(pool, numberOf(ip)));
  return filled(object, target, fixed, !target.pools.every(hadOne));
}

/** One of each pool, if there is one. */
function filled(
  object: SlowObject,
  target: SlowEgressIPAM,
  fixed: ReadonlyMap<SlowPool, string>,
  needsRoom: boolean,
): Right {
  if (target.isCramped && needsRoom) return { kind: 'refused', why: 'no room' };
  const full = target.pools.find((pool) => !fixed.has(pool) && !hasRoom(pool, textOf(object, 'name') ?? ''));
  if (full !== undefined) return { kind: 'refused', why: `${full.text} is full` };
  return { kind: 'complete', egressIPAM: target, fixed };
}

function targetOf(name: string): SlowEgressIPAM | Right {
  const found = EGRESSIPAMS.get(name);
  if (found === undefined) return { kind: 'refused', why: 'there is no such EgressIPAM' };
  if (found.state === 'gives') return found;
  return found.state === 'refuses' ? { kind: 'refused', why: name } : { kind: 'postponed' };
}

function whyNot(pool: SlowPool, ip: string, object: SlowObject): string | undefined {
  return whyNever(pool, numberOf(ip)) ?? whoHolds(ip, textOf(object, 'name') ?? '');
}

function judgeList(request: SlowRequest, right: Right, list: string | undefined, patches: number): string[] {
  switch (right.kind) {
    case 'untouched':
      return patches === 0 ? [] : [`${patches} patches, though nothing was to be touched`];
    case 'removed':
      return list === undefined ? [] : [`the list stays: ${list}`];
    case 'text':
      return list === right.text ? [] : [`the list is ${list}, not ${right.text}`];
    case 'complete': {
      const found = slowList(list ?? '', right.egressIPAM.pools);
      if (typeof found === 'string') return [`the list ${list}: ${found}`];
      return right.egressIPAM.pools.flatMap((pool) => {
        const [ip, fixed] = [found.get(pool), right.fixed.get(pool)];
        if (ip === undefined) return [`${list} has no IP of ${pool.text}`];
        if (fixed !== undefined) return ip === fixed ? [] : [`${fixed} became ${ip}`];
        const why = whyNot(pool, ip, request.object as SlowObject);
        return why === undefined ? [] : [`${ip} was given, though ${why}`];
      });
    }
    default:
      return [];
  }
}

/** What was not the namespace's before is claimed for it, and nothing else is; a dry run claims nothing. */
function judgeClaims(
  request: SlowRequest,
  right: Right,
  list: string | undefined,
  claimed: ReadonlyMap<string, string>,
): string[] {
  const namespace = textOf(request.object, 'name') ?? '';
  const before = right.kind === 'complete' ? addressesIn(listIn(request.oldObject) ?? '') : [];
  const isClaim = right.kind === 'complete' || (right.kind === 'text' && isOptIn(request));
  const wanted =
    isClaim && !request.dryRun ? addressesIn(list ?? '').filter((ip) => !before.includes(ip)) : [];
  const leftover = right.kind === 'complete' && isOptIn(request) ? addressesIn(list ?? '') : wanted;
  const expected = request.dryRun ? [] : leftover;
  const isSame = expected.length === claimed.size && expected.every((ip) => claimed.get(ip) === namespace);
  return isSame ? [] : [`claimed ${JSON.stringify([...claimed])}, listed ${list}`];
}

function isOptIn({ object, oldObject }: SlowRequest): boolean {
  return egressIPAMIn(object) !== egressIPAMIn(oldObject);
}

/** The list once the patch is applied, or what the patch should not do. */
function listAfter(
  object: SlowObject | undefined,
  patch: readonly unknown[],
): string | undefined | { readonly fault: string } {
  const before = annotationOf(object, 'egressips');
  const [one] = patch;
  if (one === undefined) return before;
  const fault = { fault: `patches ${JSON.stringify(patch).slice(0, 500)}` };
  if (patch.length > 1 || !isObject(one) || object === undefined) return fault;
  const key = 'egressip-ipam-operator.redhat-cop.io/egressips';
  const { op, path, value } = one;
  if (path === `/metadata/annotations/${key.replace('/', '~1')}`) {
    if (op === 'remove') return before === undefined ? fault : undefined;
    const isRight =
      isObject(object.metadata.annotations) && op === (before === undefined ? 'add' : 'replace');
    return isRight && typeof value === 'string' ? value : fault;
  }
  const isNew = op === 'add' && path === '/metadata/annotations' && !isObject(object.metadata.annotations);
  if (!isNew || !isObject(value) || Object.keys(value).join() !== key) return fault;
  return typeof value[key] === 'string' ? value[key] : fault;
}

function egressIPAMIn(object: SlowObject | undefined): string | undefined {
  return blankless(annotationOf(object, 'egressipam'));
}

/** As it is written; undefined when there is nothing but blanks in it. */
function listIn(object: SlowObject | undefined): string | undefined {
  const text = annotationOf(object, 'egressips');
  return blankless(text) === undefined ? undefined : text;
}

function blankless(text: string | undefined): string | undefined {
  return stripped(text ?? '') || undefined;
}

/** What can be read as an address, each once. */
function addressesIn(text: string): string[] {
  const entries = text.split(',').slice(0, 256);
  const found = entries.map(stripped);
  return [...new Set(found.filter((entry) => numberOf(entry) >= 0n))];
}
