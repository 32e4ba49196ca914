// Does Prometheus find both processes, and do the Go operator's alerts go on under their names?
import t from 'tap';
import { find, type Manifest, objectsOf } from './read.ts';

const objects = objectsOf('monitoring');
const ofKind = (kind: string) => objects.filter((object) => object.kind === kind);

t.test('each process is scraped through a Service that selects its pods', async (t) => {
  for (const process of ['webhook', 'reconciler']) {
    const name = `egressip-ipam-${process}`;
    const monitor = ofKind('ServiceMonitor').find((object) => object.metadata.name === name);
    const service = ofKind('Service').find((object) => object.metadata.name === `${name}-metrics`);
    t.match(service.metadata.labels, monitor.spec.selector.matchLabels);
    t.same(service.spec.selector, find('Deployment', name).spec.selector.matchLabels);
    const ports = find('Deployment', name).spec.template.spec.containers[0].ports;
    t.ok(ports.some((port: Manifest) => port.name === service.spec.ports[0].targetPort));
    t.match(monitor.spec.endpoints, [{ port: service.spec.ports[0].name }]);
  }
});

t.test('the admission Service is not scraped', async (t) => {
  const selector = ofKind('ServiceMonitor').map((object) => object.spec.selector.matchLabels);
  const { labels } = find('Service', 'egressip-ipam-webhook').metadata;
  for (const wanted of selector) t.notMatch(labels, wanted);
});

t.test('the alerts have the names, thresholds, delays and severities of the Go operator', async (t) => {
  const [group] = ofKind('PrometheusRule')[0].spec.groups;
  const alerts = group.rules.map((r: Manifest) => [
    r.alert,
    r.expr.replaceAll(' ', ''),
    r.for,
    r.labels.severity,
  ]);
  t.same(alerts, [
    ['HighEgressIPUtilization', 'egressip_ip_allocated/egressip_ip_capacity>0.8', '10m', 'warning'],
    ['ExtremelyHighEgressIPUtilization', 'egressip_ip_allocated/egressip_ip_capacity>0.95', '5m', 'critical'],
  ]);
});
