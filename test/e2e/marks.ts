// How the suite tells what it has put on an API server, so that it finds that again, and nothing else, when it leaves.

/** Label on all that the suite installs. On nodes it is also what stories select by. */
export const MARK = 'example.com/egress-e2e';

/** With this begin the names of the stories' namespaces and EgressIPAMs. */
export const PREFIX = 'e2e-';

/** The same object with the mark. */
export function marked<T extends { readonly metadata: object }>(object: T): T {
  const { metadata } = object;
  const labels = 'labels' in metadata ? metadata.labels : undefined;
  return { ...object, metadata: { ...metadata, labels: { ...(labels as object), [MARK]: '' } } };
}

export function isMarked(object: {
  readonly metadata: { readonly labels?: Readonly<Record<string, string>> };
}): boolean {
  return object.metadata.labels?.[MARK] !== undefined;
}

export function isOfAStory(object: { readonly metadata: { readonly name: string } }): boolean {
  return object.metadata.name.startsWith(PREFIX);
}
