// One port for several webhooks, as a Service would be: an API server that is told a URL knows one address only. Connections
// take turns.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export class Balancer {
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  #ports: readonly number[] = [];
  #turn = 0;

  static async start(): Promise<Balancer> {
    const balancer = new Balancer();
    balancer.#server.listen(0, '127.0.0.1');
    await once(balancer.#server, 'listening');
    return balancer;
  }

  private constructor() {
    this.#server = createServer((socket) => this.#pass(socket));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** From now on; connections are cut where there is nobody. */
  to(ports: readonly number[]): void {
    this.#ports = ports;
  }

  async close(): Promise<void> {
    this.#server.close();
    for (const socket of this.#open) socket.destroy();
    await once(this.#server, 'close');
  }

  #pass(socket: Socket): void {
    const port = this.#ports[this.#turn % this.#ports.length];
    this.#turn += 1;
    if (port === undefined) {
      socket.destroy();
      return;
    }
    const onward = connect(port, '127.0.0.1');
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      this.#open.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.#open.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  }
}
