import t from 'tap';
import { observeCalls } from '../../../reconciler/aws/metrics.ts';
import { createMetrics } from '../../../shared/process/metrics.ts';

t.test('calls, refusals for being too many, and delays are counted under the names of AWS', async (t) => {
  const metrics = createMetrics();
  const observer = observeCalls(metrics);
  observer.called('assign', 'Done', 250);
  observer.called('assign', 'Throttled', 10);
  observer.called('interfaces', 'Done', 80);
  observer.delayed('unassign', 'cleanup', 4_000);
  const text = await metrics.text();
  for (const line of [
    'egressip_ipam_ec2_calls_total{action="AssignPrivateIpAddresses",result="Done"} 1',
    'egressip_ipam_ec2_calls_total{action="AssignPrivateIpAddresses",result="Throttled"} 1',
    'egressip_ipam_ec2_calls_total{action="DescribeNetworkInterfaces",result="Done"} 1',
    'egressip_ipam_ec2_throttled_total{action="AssignPrivateIpAddresses"} 1',
    'egressip_ipam_ec2_call_duration_seconds_sum{action="AssignPrivateIpAddresses"} 0.26',
    'egressip_ipam_ec2_delay_seconds_sum{action="UnassignPrivateIpAddresses",lane="cleanup"} 4',
  ]) {
    t.ok(text.split('\n').includes(line), line);
  }
});
