// The EC2 port over the sandbox's account, in process: as strict as the sandbox, without HTTP and without real time.
import type { Ec2, Ec2Action, Page } from '../../../reconciler/aws/ec2.ts';
import { CloudError, type CloudErrorCode, toCloudError } from '../../../reconciler/aws/errors.ts';
import { cidrAround, type IPv4, toIPv4 } from '../../../shared/ip.ts';
import type { Clock } from '../../../shared/process/clock.ts';
import { Account } from '../../sandbox/ec2/account.ts';
import { assign, unassign } from '../../sandbox/ec2/assign.ts';
import type { Answer, Ec2Error } from '../../sandbox/ec2/errors.ts';
import { INSTANCE_TYPES } from '../../sandbox/ec2/instance-types.ts';
import { type Ec2State, interfacesOf, type NetworkInterface } from '../../sandbox/ec2/model.ts';
import { formatAddress, type Cidr as SandboxCidr } from '../../sandbox/ipv4.ts';

/** What the next call of an action does instead of, or besides, what it should. */
type Fault =
  | { readonly kind: 'fail'; readonly code: CloudErrorCode }
  /** It takes effect, and nobody learns of it. */
  | { readonly kind: 'lose' }
  /** Somebody does something in the account while the call is on its way. */
  | { readonly kind: 'meanwhile'; readonly act: () => unknown };

export class FakeEc2 implements Ec2 {
  readonly account: Account;
  /** The calls made, as sentences, in order: `assign eni-1 10.0.128.7 10.0.128.8: done`. */
  readonly log: string[] = [];
  /** How many items a page has. */
  pageSize = 1000;
  /** Decides, call by call (`interfaces subnet-1`), which ones are refused. */
  refuses: (call: string) => CloudErrorCode | undefined = () => undefined;
  readonly #faults = new Map<Ec2Action, Fault[]>();

  constructor(clock: Clock) {
    this.account = new Account(() => clock.now());
  }

  /** The next call of the action fails like this, or the next few. */
  fail(action: Ec2Action, ...codes: readonly CloudErrorCode[]): void {
    this.#plan(
      action,
      codes.map((code) => ({ kind: 'fail', code })),
    );
  }

  /** The next call of the action takes effect without an answer. */
  loseAnswer(action: Ec2Action): void {
    this.#plan(action, [{ kind: 'lose' }]);
  }

  /** `act` happens while the next call of the action is on its way. */
  meanwhile(action: Ec2Action, act: () => unknown): void {
    this.#plan(action, [{ kind: 'meanwhile', act }]);
  }

  /** No fault is left to come. */
  forgive(): void {
    this.#faults.clear();
  }

  /** How many calls of the action were made. */
  count(action: Ec2Action): number {
    return this.log.filter((line) => line.startsWith(`${action} `)).length;
  }

  instances(ids: readonly string[], next?: string) {
    return this.#read('instances', ids.join(' '), next, (state) =>
      ids.flatMap((id) => {
        const instance = state.instances.get(id);
        if (instance === undefined) return [];
        const primary = interfacesOf(state, id).find(
          ({ attachment: at }) => at?.deviceIndex === 0 && at.networkCardIndex === 0,
        );
        const { type, state: life } = instance;
        return {
          id,
          type,
          state: life === 'terminated' || life === 'shutting-down' ? 'gone' : 'present',
          primaryInterface: primary && { id: primary.id, subnetId: primary.subnetId },
        } as const;
      }),
    );
  }

  subnets(ids: readonly string[], next?: string) {
    return this.#read('subnets', ids.join(' '), next, (state) =>
      ids.flatMap((id) => {
        const subnet = state.subnets.get(id);
        return subnet === undefined ? [] : { id, cidr: ourCidr(subnet.cidr) };
      }),
    );
  }

  interfaces(
    { subnetIds, having }: { readonly subnetIds: readonly string[]; readonly having?: readonly IPv4[] },
    next?: string,
  ) {
    const query = [...subnetIds, ...(having ?? []).map(formatAddress)].join(' ');
    return this.#read('interfaces', query, next, (state) =>
      [...state.interfaces.values()]
        .filter((eni) => subnetIds.includes(eni.subnetId))
        .filter((eni) => having?.some((ip) => eni.primary === ip || eni.secondary.includes(ip)) ?? true)
        .map(ourInterface),
    );
  }

  typeLimits(types: readonly string[], next?: string) {
    return this.#read('typeLimits', types.join(' '), next, () =>
      types.flatMap((type) => {
        const addresses = INSTANCE_TYPES.get(type)?.ipv4AddressesPerInterface;
        return addresses === undefined ? [] : { type, addresses };
      }),
    );
  }

  reservations(subnetId: string, next?: string) {
    return this.#read('reservations', subnetId, next, (state) =>
      (state.subnets.get(subnetId)?.reservations ?? [])
        .filter(({ type }) => type === 'explicit')
        .map(({ cidr }) => ourCidr(cidr)),
    );
  }

  async assign(
    interfaceId: string,
    ips: readonly IPv4[],
    { allowReassignment }: { readonly allowReassignment: boolean },
  ): Promise<void> {
    const addresses = ips.map(formatAddress);
    const move = allowReassignment ? ' moving' : '';
    await this.#write('assign', `${interfaceId} ${addresses.join(' ')}${move}`, () =>
      this.account.change((state, now) =>
        assign(
          state,
          { networkInterfaceId: interfaceId, addresses, allowReassignment },
          now,
          this.account.remapMs,
        ),
      ),
    );
  }

  async unassign(interfaceId: string, ips: readonly IPv4[]): Promise<void> {
    const addresses = ips.map(formatAddress);
    await this.#write('unassign', `${interfaceId} ${addresses.join(' ')}`, () =>
      this.account.change((state) => unassign(state, { networkInterfaceId: interfaceId, addresses })),
    );
  }

  close(): void {}

  #plan(action: Ec2Action, faults: readonly Fault[]): void {
    this.#faults.set(action, [...(this.#faults.get(action) ?? []), ...faults]);
  }

  async #read<T>(
    action: Ec2Action,
    query: string,
    next: string | undefined,
    select: (state: Ec2State) => readonly T[],
  ): Promise<Page<T>> {
    await Promise.resolve();
    this.#meet(action, query);
    const from = Number(next ?? 0);
    const items = select(this.account.read());
    const more = from + this.pageSize < items.length;
    return {
      items: items.slice(from, from + this.pageSize),
      next: more ? String(from + this.pageSize) : undefined,
    };
  }

  async #write(action: 'assign' | 'unassign', words: string, change: () => Answer<unknown>): Promise<void> {
    await Promise.resolve();
    const fault = this.#meet(action, words);
    const result = change();
    if (!result.ok) throw this.#refused(action, words, result.error);
    if (fault === 'lose') throw this.#failed(action, words, 'UnknownOutcome');
    this.log.push(`${action} ${words}: done`);
  }

  /** Carries out the fault that is due. */
  #meet(action: Ec2Action, words: string): 'lose' | undefined {
    const refused = this.refuses(`${action} ${words}`);
    if (refused !== undefined) throw this.#failed(action, words, refused);
    const fault = this.#faults.get(action)?.shift();
    if (fault?.kind === 'fail') throw this.#failed(action, words, fault.code);
    if (fault?.kind === 'meanwhile') fault.act();
    if (action !== 'assign' && action !== 'unassign') this.log.push(`${action} ${words}: done`);
    return fault?.kind === 'lose' ? 'lose' : undefined;
  }

  #failed(action: Ec2Action, words: string, code: CloudErrorCode): CloudError {
    this.log.push(`${action} ${words}: ${code}`);
    return new CloudError(code, `${action}: ${code}`);
  }

  /** The sandbox's refusal, as the SDK would throw it. */
  #refused(action: Ec2Action, words: string, { code, message, httpStatus }: Ec2Error): CloudError {
    const thrown = Object.assign(new Error(message), {
      name: code,
      $metadata: { httpStatusCode: httpStatus },
    });
    const error = toCloudError(action, thrown);
    this.log.push(`${action} ${words}: ${error.code}`);
    return error;
  }
}

function ourInterface(eni: NetworkInterface) {
  const at = eni.attachment;
  return {
    primaryOf: at?.deviceIndex === 0 && at.networkCardIndex === 0 ? at.instanceId : undefined,
    id: eni.id,
    subnetId: eni.subnetId,
    primary: toIPv4(eni.primary),
    secondary: eni.secondary.map(toIPv4).sort((a, b) => a - b),
    prefixes: eni.prefixes.map(ourCidr),
  };
}

function ourCidr({ first, last }: SandboxCidr) {
  return cidrAround(toIPv4(first), 32 - Math.log2(last - first + 1));
}
