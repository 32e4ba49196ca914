// Which objects of a collection a list, a watch or a collective deletion is about: labelSelector and fieldSelector.
import type { ResourceRequest } from '../request.ts';
import { type Predicate, parseFieldSelector, parseLabelSelector } from '../selectors.ts';
import { badRequest } from '../status.ts';
import type { Version } from '../storage.ts';

/** What can be selected by field beside name and namespace; nothing else has an index in kube-apiserver. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  Namespace: ['status.phase'],
  Node: ['spec.unschedulable'],
  Secret: ['type'],
  Pod: ['spec.nodeName', 'spec.restartPolicy', 'spec.schedulerName', 'status.phase', 'status.podIP'],
  Service: ['spec.clusterIP', 'spec.type'],
  ReplicaSet: ['status.replicas'],
  Event: [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
};

/** Whether the request narrows the collection down. */
export function isSelective({ query }: ResourceRequest): boolean {
  return Boolean(query.get('labelSelector')) || Boolean(query.get('fieldSelector'));
}

/** Throws BadRequest for a selector that cannot be parsed or that nothing can answer. */
export function selection(request: ResourceRequest): (version: Version) => boolean {
  const labels = request.query.get('labelSelector') ?? '';
  const fields = request.query.get('fieldSelector') ?? '';
  const tests: Predicate[] = [];
  if (labels !== '') tests.push(parsed(parseLabelSelector(labels)));
  if (fields !== '') {
    refuseUnknownFields(request, fields);
    tests.push(parsed(parseFieldSelector(fields)));
  }
  return (version) => tests.every((test) => test(version.object));
}

function parsed(result: ReturnType<typeof parseLabelSelector>): Predicate {
  if (!result.ok) throw badRequest(result.message);
  return result.value;
}

function refuseUnknownFields({ kind }: ResourceRequest, selector: string): void {
  const extra = FIELDS[kind.spec.kind];
  const typed = kind.custom ? [] : (extra ?? []);
  const placed = kind.custom && !kind.spec.namespaced ? [] : ['metadata.namespace'];
  const known = new Set(['metadata.name', ...placed, ...typed]);
  for (const term of selector.split(/(?<!\\),/)) {
    const field = /^\s*([^=!]+?)\s*(?:==|!=|=)/.exec(term)?.[1];
    if (field === undefined || known.has(field)) continue;
    throw badRequest(
      kind.custom || extra !== undefined
        ? `field label not supported: ${field}`
        : `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`,
    );
  }
}
