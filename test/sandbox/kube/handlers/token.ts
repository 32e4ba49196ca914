// POST …/serviceaccounts/NAME/token, which is `kubectl create token`: a bearer token for the service account. It is not
// a JWT and does not expire; nothing in the sandbox looks inside.
import { randomBytes } from 'node:crypto';
import { parse } from '../decode.ts';
import type { Services } from '../dispatch.ts';
import { objectOf } from '../json.ts';
import { timestamp } from '../metadata.ts';
import type { ApiObject } from '../object.ts';
import type { Answer, ResourceRequest } from '../request.ts';
import { current } from './change.ts';

const HOUR = 3600;

export function requestToken({ users, cluster }: Services, request: ResourceRequest): Answer {
  const { namespace, name } = current(request);
  const sent = parse(request.body, 'json', request.kind);
  const spec = objectOf(sent.spec);
  const expirationSeconds = typeof spec.expirationSeconds === 'number' ? spec.expirationSeconds : HOUR;
  const token = randomBytes(32).toString('base64url');
  users.add({ token, name: `system:serviceaccount:${namespace}:${name}` });
  const expires = new Date(cluster.now().getTime() + expirationSeconds * 1000);
  const object: ApiObject = {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name, namespace, creationTimestamp: timestamp(cluster.now()) },
    spec: { audiences: [], ...spec, expirationSeconds },
    status: { token, expirationTimestamp: timestamp(expires) },
  };
  return { form: 'object', code: 201, object };
}
