// The floors of admission: fastify with the webhook's settings, answering «allowed» to everything. `blind` does not look
// at what it is sent; `obliging` reads the review, because an API server takes an answer only with the uid of its question.
// Told of an API server, it watches there what the webhook watches, and makes nothing of it.
import Fastify, { type FastifyInstance } from 'fastify';
import { connect } from '../../../shared/kube/connection.ts';
import { loadKubeConfig } from '../../../shared/kube/kubeconfig.ts';
import { Reflector } from '../../../shared/kube/reflector.ts';
import {
  ALLOCATIONS,
  EGRESSIPAMS,
  HOST_SUBNETS,
  NAMESPACES,
  NET_NAMESPACES,
  type Resource,
} from '../../../shared/kube/resources.ts';
import { describeProblems } from '../../../shared/problem.ts';
import type { TlsServers } from '../../../webhook/tls.ts';
import { listen } from './serving.ts';
import { serveParent } from './worker.ts';

const BODY_LIMIT = 7 * 1024 * 1024;
const ALLOWED = answerTo('705ab4f5-6393-11e8-b7cc-42010a800002');

function answerTo(uid: string): string {
  const response = { uid, allowed: true };
  return JSON.stringify({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', response });
}

function build(kind: string, servers: TlsServers): FastifyInstance {
  const app = Fastify({ bodyLimit: BODY_LIMIT, logger: false, serverFactory: servers.create });
  if (kind === 'blind') {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
    app.post('/mutate/namespaces', async (_request, reply) => {
      reply.type('application/json');
      return ALLOWED;
    });
  } else {
    app.post<{ Body: { request: { uid: string } } }>('/mutate/namespaces', async ({ body }, reply) => {
      reply.type('application/json');
      return answerTo(body.request.uid);
    });
  }
  return app;
}

async function watch(kubeconfig: string): Promise<void> {
  const config = await loadKubeConfig({ kubeconfig, env: {} });
  if (!config.ok) throw new Error(describeProblems(config.problems));
  const client = connect(config.value, { userAgent: 'egressip-ipam-bench' });
  const resources: Resource[] = [EGRESSIPAMS, ALLOCATIONS, NAMESPACES, NET_NAMESPACES, HOST_SUBNETS];
  const reflectors = resources.map((resource) => new Reflector({ client, resource }));
  for (const reflector of reflectors) reflector.start();
  await Promise.all(reflectors.map((reflector) => reflector.synced));
}

serveParent(await listen((servers) => build(process.argv[2] ?? 'blind', servers)), (asked: unknown) =>
  typeof asked === 'object' ? watch((asked as { watch: string }).watch) : undefined,
);
