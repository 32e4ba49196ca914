// When nothing happens any more: does the product fall silent, is everybody served, and is nothing left over?
import { setTimeout as delay } from 'node:timers/promises';
import { ALLOCATIONS, HOST_SUBNETS, NAMESPACES, NET_NAMESPACES, NODES } from '../../shared/kube/resources.ts';
import { EGRESSIPAM_ANNOTATION, EGRESSIPS_ANNOTATION } from '../../shared/names.ts';
import { type AuditEntry, writesOf } from '../bench/seeded.ts';
import type { NamespaceVerdict } from '../sandbox/sdn/verdict.ts';
import type { Stack } from '../stack/stack.ts';

/** Milliseconds. */
const SILENCE = 20_000;
const PATIENCE = 300_000;

/** Resolves when nothing has been written for a while; says so when it will not. */
export async function untilSilent(stack: Stack): Promise<string[]> {
  const deadline = performance.now() + PATIENCE;
  let last = Date.now();
  for (let since = Date.now(); performance.now() < deadline; ) {
    await delay(5_000);
    const written = await writesSince(stack, since);
    since = Date.now();
    if (written.length > 0) last = since;
    if (since - last >= SILENCE) return [];
  }
  const latest = (await writesSince(stack, Date.now() - SILENCE)).map(({ verb, path }) => `${verb} ${path}`);
  return [`it does not fall silent: ${[...new Set(latest)].slice(0, 10).join(', ')}`];
}

/** What is written, and called for at EC2, in that time (ms), though nothing happens. */
export async function idleWrites(stack: Stack, milliseconds: number): Promise<string[]> {
  const since = Date.now();
  const before = await ec2Writes(stack);
  await delay(milliseconds);
  const written = await writesSince(stack, since);
  const called = (await ec2Writes(stack)) - before;
  return [
    ...written.map(({ verb, path }) => `idle: ${verb} ${path}`),
    ...(called > 0 ? [`idle: ${called} EC2 writes`] : []),
  ];
}

async function writesSince(stack: Stack, since: number): Promise<AuditEntry[]> {
  return (await writesOf(stack)).filter(({ time }) => Date.parse(time) >= since);
}

async function ec2Writes(stack: Stack): Promise<number> {
  const { counts } = await stack.ask<{ counts: Record<string, number> }>('ec2');
  return (counts.AssignPrivateIpAddresses ?? 0) + (counts.UnassignPrivateIpAddresses ?? 0);
}

/** Everything that is not as it should be. */
export async function whatIsWrong(stack: Stack): Promise<string[]> {
  const { client } = stack;
  const [namespaces, allocations, netNamespaces, hostSubnets, nodes] = await Promise.all([
    client.list(NAMESPACES),
    client.list(ALLOCATIONS),
    client.list(NET_NAMESPACES),
    client.list(HOST_SUBNETS),
    client.list(NODES),
  ]);
  const { namespaces: verdicts } = await stack.ask<{ namespaces: NamespaceVerdict[] }>('verdicts?settled=');
  const { interfaces } = await stack.ask<{ interfaces: Eni[] }>('ec2');
  const listed = new Map<string, string>();
  const wrong: string[] = [];
  for (const { metadata } of namespaces.items) {
    const { [EGRESSIPAM_ANNOTATION]: egressIPAM, [EGRESSIPS_ANNOTATION]: text } = metadata.annotations ?? {};
    if (egressIPAM === undefined) continue;
    const ips = text?.split(',') ?? [];
    for (const ip of ips) listed.set(ip, metadata.name);
    const verdict = verdicts.find(({ namespace }) => namespace === metadata.name);
    const isServed = ips.length > 0 && ips.every((ip) => verdict?.from.includes(ip));
    if (!isServed) wrong.push(`${metadata.name} lists ${text} and ${verdict?.egress}: ${verdict?.reason}`);
  }
  for (const { metadata, spec, status } of allocations.items) {
    if (listed.get(metadata.name) === spec.namespace && status?.phase === 'Bound') continue;
    wrong.push(`allocation ${metadata.name} of ${spec.namespace} is ${status?.phase}`);
  }
  const stray = (where: string, ips: readonly string[] | undefined) => {
    for (const ip of ips ?? []) if (!listed.has(ip)) wrong.push(`${ip} is left on ${where}`);
  };
  for (const it of netNamespaces.items) stray(`NetNamespace ${it.metadata.name}`, it.egressIPs);
  for (const it of hostSubnets.items) stray(`HostSubnet ${it.metadata.name}`, it.egressIPs);
  const instances = new Set(nodes.items.map(({ spec }) => spec?.providerID?.split('/').at(-1)));
  for (const { id, instanceId, addresses } of interfaces) {
    if (instanceId !== null && instances.has(instanceId)) stray(id, addresses.slice(1));
  }
  return wrong;
}

interface Eni {
  readonly id: string;
  readonly instanceId: string | null;
  /** The primary one first. */
  readonly addresses: readonly string[];
}
