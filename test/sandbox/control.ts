// What tests and the demo, as processes of their own, ask of the sandbox beyond the two APIs it plays: verdicts of the
// SDN, counts, the audit log; and what they have happen: nodes fail, instances end, others take addresses, calls go wrong.
//
// | request                                  | does                                                            |
// | ---------------------------------------- | --------------------------------------------------------------- |
// | GET /control/verdicts[?settled]          | namespaces, IPs, HostSubnets ignored; waits until settled       |
// | GET /control/audit[?user=&verb=…]        | the API server's audit log                                      |
// | GET /control/kube/watches                | how many watches each user has open                             |
// | POST /control/nodes/NAME {ready}         | the node becomes Ready or NotReady                              |
// | POST, DELETE /control/kube/faults        | adds one of kube/faults.ts; clears all                          |
// | POST /control/kube/restart               | connections break, watch history is lost                        |
// | GET /control/ec2                         | counts of calls, log, interfaces with their addresses           |
// | POST, DELETE /control/ec2/faults         | {kind: fail, lose, cut, deny, allow, delay; action; …}; clears  |
// | POST /control/ec2/taken {ip}             | another tenant takes the address                                |
// | POST /control/ec2/instances/ID {state}   | the instance is stopped, terminated …                           |
import { type FastifyInstance, fastify } from 'fastify';
import type { Sandbox } from './cluster.ts';
import type { Faults as Ec2Faults } from './ec2/faults.ts';
import { setInstanceState, takeAddress } from './ec2/lifecycle.ts';
import type { InstanceState } from './ec2/model.ts';
import { addressesOf } from './ec2/model.ts';
import type { Ec2 } from './ec2/server.ts';
import { formatAddress, formatCidr, parseAddress, within } from './ipv4.ts';
import type { Fault } from './kube/faults.ts';
import { setReady } from './nodes.ts';

export interface Control {
  readonly url: string;
  close(): Promise<void>;
}

/** On loopback; it asks for no credentials. */
export async function startControl(sandbox: Sandbox, port: number): Promise<Control> {
  const app = fastify({ forceCloseConnections: true });
  // Bodies are optional, also where a client says that there is one.
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_, body, done) => {
    done(null, body === '' ? {} : JSON.parse(String(body)));
  });
  serveSdn(app, sandbox);
  serveKube(app, sandbox);
  if (sandbox.ec2 !== undefined) serveEc2(app, sandbox.ec2);
  const url = await app.listen({ host: '127.0.0.1', port });
  return { url, close: () => app.close() };
}

function serveSdn(app: FastifyInstance, { sdn, kube }: Sandbox): void {
  app.get<{ Querystring: { settled?: string } }>('/control/verdicts', async ({ query }) => {
    if (query.settled !== undefined) await sdn.settled();
    const { namespaces, ips } = sdn.verdicts();
    const ignored = Object.fromEntries(sdn.ignored());
    return { namespaces: [...namespaces.values()], ips: [...ips.values()], ignored };
  });
  app.post<{ Params: { name: string }; Body: { ready: boolean } }>(
    '/control/nodes/:name',
    async (request) => {
      const { metadata } = await setReady(
        kube.client,
        request.params.name,
        request.body.ready ? 'ready' : 'notReady',
      );
      return { name: metadata.name, ready: request.body.ready };
    },
  );
}

function serveKube(app: FastifyInstance, { kube }: Sandbox): void {
  app.get<{ Querystring: Record<string, string> }>('/control/audit', async ({ query }) =>
    kube.audit.entries(query),
  );
  app.get('/control/kube/watches', async () => kube.openWatches());
  app.post<{ Body: Fault }>('/control/kube/faults', async ({ body }) => {
    kube.faults.add(body);
    return {};
  });
  app.delete('/control/kube/faults', async () => {
    kube.faults.clear();
    return {};
  });
  app.post('/control/kube/restart', async () => {
    kube.faults.restart();
    return {};
  });
}

function serveEc2(app: FastifyInstance, ec2: Ec2): void {
  app.get('/control/ec2', async () => ({
    counts: ec2.counts(),
    log: ec2.log,
    interfaces: interfacesOf(ec2),
  }));
  app.post<{ Body: Ec2FaultRequest }>('/control/ec2/faults', async ({ body }) => {
    addFault(ec2.faults, body);
    return {};
  });
  app.delete('/control/ec2/faults', async () => {
    ec2.faults.clear();
    return {};
  });
  app.post<{ Body: { ip: string } }>('/control/ec2/taken', async ({ body }, reply) => {
    const address = parseAddress(body.ip) ?? -1;
    const subnet = [...ec2.model.state.subnets.values()].find((it) => within(it.cidr, address));
    if (subnet === undefined) return reply.code(404).send({ message: `no subnet has ${body.ip}` });
    const result = ec2.model.change((state) => takeAddress(state, subnet.id, address));
    return result.ok ? { interface: result.value.id } : reply.code(409).send(result.error);
  });
  app.post<{ Params: { id: string }; Body: { state: InstanceState } }>(
    '/control/ec2/instances/:id',
    async ({ params, body }, reply) => {
      const result = ec2.model.change((state, now) => setInstanceState(state, params.id, body.state, now));
      return result.ok ? { id: params.id, state: body.state } : reply.code(404).send(result.error);
    },
  );
}

interface Ec2FaultRequest {
  readonly kind: 'fail' | 'lose' | 'cut' | 'deny' | 'allow' | 'delay';
  /** `*` for all. */
  readonly action: string;
  readonly times?: number;
  readonly code?: string;
  readonly milliseconds?: number;
}

function addFault(faults: Ec2Faults, request: Ec2FaultRequest): void {
  const { kind, action, times = 1, code = 'InternalError', milliseconds = 0 } = request;
  switch (kind) {
    case 'fail':
      faults.fail(action, times, code);
      break;
    case 'lose':
      faults.loseAnswer(action, times);
      break;
    case 'cut':
      faults.cut(action, times);
      break;
    case 'deny':
      faults.deny(action);
      break;
    case 'allow':
      faults.allow(action);
      break;
    case 'delay':
      faults.delay(action, milliseconds);
      break;
  }
}

/** What is in force, whatever describes show. */
function interfacesOf(ec2: Ec2): object[] {
  return [...ec2.model.inForce.interfaces.values()].map((eni) => ({
    id: eni.id,
    subnetId: eni.subnetId,
    instanceId: eni.attachment?.instanceId ?? null,
    addresses: addressesOf(eni).map(formatAddress),
    prefixes: eni.prefixes.map(formatCidr),
  }));
}
