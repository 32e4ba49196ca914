// The floors of admission: fastify with the webhook's settings, answering «allowed» to everything. `blind` does not look
// at what it is sent; `obliging` reads the review, because an API server takes an answer only with the uid of its question.
import Fastify, { type FastifyInstance } from 'fastify';
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

serveParent(await listen((servers) => build(process.argv[2] ?? 'blind', servers)), () => {});
