// The scale of a workload, `kubectl scale`: an object of its own that stands for spec.replicas of another.
import type { Cluster } from '../cluster.ts';
import { parse } from '../decode.ts';
import { clone, fieldOf, isObject, objectOf } from '../json.ts';
import type { ApiObject } from '../object.ts';
import { applyPatch } from '../patch.ts';
import { withTrackedFields } from '../prepare.ts';
import type { Answer, ResourceRequest } from '../request.ts';
import { badRequest, invalid, refusal } from '../status.ts';
import { change, current } from './change.ts';

export async function scale(cluster: Cluster, request: ResourceRequest): Promise<Answer> {
  if (request.verb === 'get') return answered(current(request).object);
  const answer = await change(cluster, request, (before) => {
    const replicas = wantedReplicas(request, before);
    const after = { ...before, spec: { ...objectOf(before.spec), replicas } };
    return withTrackedFields(request, before, after, cluster.now());
  });
  if (answer.form !== 'object') throw new Error(`${answer.form} for a scale`);
  return answered(answer.object);
}

function answered(workload: ApiObject): Answer {
  return { form: 'object', code: 200, object: scaleOf(workload) };
}

function scaleOf(workload: ApiObject): ApiObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = workload.metadata;
  const labels = objectOf(fieldOf(workload, 'spec', 'selector', 'matchLabels'));
  const selector = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: clone({ name, namespace, uid, resourceVersion, creationTimestamp }) as ApiObject['metadata'],
    spec: { replicas: fieldOf(workload, 'spec', 'replicas') ?? 0 },
    status: { replicas: fieldOf(workload, 'status', 'replicas') ?? 0, selector: selector.join(',') },
  };
}

function wantedReplicas(request: ResourceRequest, workload: ApiObject): number {
  const { kind, verb, contentType } = request;
  const body = parse(request.body, 'json', kind);
  const result = verb === 'patch' ? applyPatch(contentType, scaleOf(workload), body, true) : undefined;
  if (result?.ok === false) throw refusal(result.code, result.reason ?? '', result.message);
  const wanted = result === undefined ? body : result.value;
  const replicas = isObject(wanted.spec) ? (wanted.spec.replicas ?? 0) : 0;
  if (typeof replicas !== 'number') throw badRequest('spec.replicas must be a number');
  if (replicas >= 0) return replicas;
  throw invalid({ group: 'autoscaling', kind: 'Scale' }, request.name, [
    {
      reason: 'FieldValueInvalid',
      message: `Invalid value: ${replicas}: must be greater than or equal to 0`,
      field: 'spec.replicas',
    },
  ]);
}
