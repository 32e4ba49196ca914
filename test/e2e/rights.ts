// The last story of each file: whatever was told, neither process asked for what its role does not allow.
import type { TAP } from 'tap';
import type { Cluster } from './cluster.ts';

export function rightsSuffice(t: TAP, { noAudit, forbidden }: Cluster): void {
  t.test('neither process was refused for lack of rights', { skip: noAudit ?? false }, async (t) => {
    t.strictSame(await forbidden(), []);
  });
}
