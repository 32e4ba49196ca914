// Which namespaces are the cluster's own, and so are never given egress IPs? Webhook and reconciler leave them alone,
// whatever their annotations say: a fault of ours must not cut the cluster's own traffic.

const NAMES: ReadonlySet<string> = new Set(['default', 'openshift']);
const PREFIXES = ['openshift-', 'kube-'];

/** `own` is the namespace that this product runs in. */
export function isSystemNamespace(name: string, own: string): boolean {
  return name === own || NAMES.has(name) || PREFIXES.some((prefix) => name.startsWith(prefix));
}
