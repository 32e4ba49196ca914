// What goes wrong around the product: the API server answers late, not at all or with refusals, restarts; EC2 throttles, fails,
// loses answers; somebody takes an address; a process is killed.
import { OPERATOR_NAMESPACE } from '../../shared/names.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { Stack } from '../stack/stack.ts';

type Misdeed = readonly [what: string, act: () => Promise<void>];

/** Addresses that thieves take at most: they never give them back. */
const MOST_STOLEN = 30;

export class Mischief {
  readonly #stack: Stack;
  readonly #random: SeededRandom;
  #stolen = 0;

  constructor(stack: Stack, random: SeededRandom) {
    this.#stack = stack;
    this.#random = random;
  }

  /** Plays one trick and returns what it was. */
  async play(): Promise<string> {
    const [what, act] = this.#random.pick([...this.#atApiServer(), ...this.#atEc2()]);
    await act();
    return what;
  }

  /** Another reconciler is there to take over, and a new one comes in its place. */
  async killReconciler(): Promise<void> {
    await this.#stack.processes.endReconciler(this.#random.chance(0.7) ? 'kill' : 'stop');
    await this.#stack.processes.startReconciler();
  }

  async stop(): Promise<void> {
    await this.#stack.tell('kube/faults', {}, 'DELETE');
    await this.#stack.tell('ec2/faults', {}, 'DELETE');
  }

  #atApiServer(): Misdeed[] {
    const name = this.#random.pick(['reconciler', 'reconciler', 'webhook']);
    const user = `system:serviceaccount:${OPERATOR_NAMESPACE}:egressip-ipam-${name}`;
    const verb = this.#random.pick(['patch', 'create', 'get', 'delete', 'list', 'update']);
    const fault = (effect: object, times: number) => async () =>
      await this.#stack.tell('kube/faults', { on: { user, verb }, effect, times });
    const when = this.#random.pick(['before', 'after']);
    const code = this.#random.pick([409, 429, 500, 503]);
    return [
      [`slow answers to ${name}`, fault({ kind: 'latency', milliseconds: 400 }, 10)],
      [`refusals ${code} to ${name}`, fault({ kind: 'refuse', code, retryAfterSeconds: 1 }, 3)],
      [`connections of ${name} cut ${when} ${verb}`, fault({ kind: 'drop', when }, 2)],
      [`silence for ${name} ${when} ${verb}`, fault({ kind: 'silence', when }, 1)],
      ['the API server restarts', async () => await this.#stack.tell('kube/restart', {})],
    ];
  }

  #atEc2(): Misdeed[] {
    const write = this.#random.pick(['AssignPrivateIpAddresses', 'UnassignPrivateIpAddresses']);
    const any = this.#random.pick([
      write,
      'DescribeNetworkInterfaces',
      'DescribeInstances',
      'DescribeSubnets',
    ]);
    const fault = (body: object) => async () => await this.#stack.tell('ec2/faults', body);
    const ip = `10.0.${this.#random.pick([130, 131, 146, 162])}.${4 + this.#random.below(250)}`;
    return [
      [`EC2 throttles ${any}`, fault({ kind: 'fail', action: any, times: 3, code: 'RequestLimitExceeded' })],
      [`EC2 fails at ${any}`, fault({ kind: 'fail', action: any, times: 2, code: 'InternalError' })],
      [`EC2 loses the answer to ${write}`, fault({ kind: 'lose', action: write, times: 1 })],
      [`EC2 cuts ${any}`, fault({ kind: 'cut', action: any, times: 1 })],
      [`${ip} is taken`, () => this.#steal(ip)],
    ];
  }

  async #steal(ip: string): Promise<void> {
    if (this.#stolen >= MOST_STOLEN) return;
    this.#stolen += 1;
    // Who has it already keeps it.
    await this.#stack.tell('ec2/taken', { ip }).catch(() => {});
  }
}
