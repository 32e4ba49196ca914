// The report for people: a table of namespaces, then who was refused and why, then the calls to EC2.
import type { Report } from './report.ts';

const SIGNS = { active: 'active', node: 'node', dropped: 'DROPPED' } as const;

/** Lines without colours, ending with a newline. */
export function table({ platform, namespaces, rejected, ec2Calls }: Report): string {
  const header = ['NAMESPACE', 'EGRESS', 'IP', 'NODE', ...(platform === 'aws' ? ['ENI'] : [])];
  const rows = namespaces.flatMap(({ name, egress, egressIPs, hosts }) => {
    if (egressIPs.length === 0) return [[name, SIGNS[egress], '(has not opted in)', '', '']];
    return egressIPs.map((ip, index) => {
      const host = hosts.find((candidate) => candidate.ip === ip);
      const first = index === 0 ? [name, SIGNS[egress]] : ['', ''];
      return [...first, ip, host?.node ?? '-', ...(platform === 'aws' ? [host?.eni ?? '-'] : [])];
    });
  });
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  const refusals = rejected.flatMap(({ name, message }) => [
    '',
    `refused: namespace ${name}`,
    `  ${message}`,
  ]);
  const calls = Object.entries(ec2Calls).map(([action, count]) => `${action} ${count}`);
  const ec2 = calls.length === 0 ? [] : ['', `EC2 calls: ${calls.join(', ')}`];
  return `${[line(header), ...rows.map(line), ...refusals, ...ec2].join('\n')}\n`;
}
