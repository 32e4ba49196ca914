// What is a label key, a label value, a selector? By counting characters.

const ALPHANUMERIC = new Set('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789');
const LOWER = new Set('abcdefghijklmnopqrstuvwxyz0123456789');

export interface SlowSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

export function isSlowLabelKey(key: string): boolean {
  const parts = key.split('/');
  if (parts.length > 2) return false;
  const [name = '', prefix] = parts.toReversed();
  return isName(name) && (prefix === undefined || isSubdomain(prefix));
}

export function isSlowLabelValue(value: string): boolean {
  return value === '' || isName(value);
}

/** DNS-1123: what objects may be called. */
export function isSubdomain(text: string): boolean {
  const labels = text.split('.');
  return text.length <= 253 && labels.every((label) => isMadeOf(label, LOWER, '-'));
}

export function isSlowSelector(selector: SlowSelector | undefined): boolean {
  const labels = Object.entries(selector?.matchLabels ?? {});
  if (!labels.every(([key, value]) => isSlowLabelKey(key) && isSlowLabelValue(value))) return false;
  return (selector?.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    if (!isSlowLabelKey(key) || !values.every(isSlowLabelValue)) return false;
    if (operator === 'In' || operator === 'NotIn') return values.length > 0;
    return (operator === 'Exists' || operator === 'DoesNotExist') && values.length === 0;
  });
}

/** Whether the selector, which is valid, selects these labels. */
export function slowlySelects(
  selector: SlowSelector | undefined,
  labels: Readonly<Record<string, string>>,
): boolean {
  const of = new Map(Object.entries(labels));
  const equal = Object.entries(selector?.matchLabels ?? {}).every(([key, value]) => of.get(key) === value);
  return (
    equal &&
    (selector?.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
      const value = of.get(key);
      const isListed = value !== undefined && values.includes(value);
      if (operator === 'In') return isListed;
      if (operator === 'NotIn') return !isListed;
      return (value !== undefined) === (operator === 'Exists');
    })
  );
}

function isName(text: string): boolean {
  return text.length <= 63 && isMadeOf(text, ALPHANUMERIC, '-_.');
}

/** Of `ends` at both ends, and of those and `inner` between. */
function isMadeOf(text: string, ends: ReadonlySet<string>, inner: string): boolean {
  const characters = [...text];
  const edges = [characters[0] ?? '', characters.at(-1) ?? ''];
  return (
    edges.every((one) => ends.has(one)) && characters.every((one) => ends.has(one) || inner.includes(one))
  );
}
