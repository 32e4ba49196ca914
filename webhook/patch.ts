// Which JSON patch sets or removes one annotation? Touches nothing but ours, and makes the map when there is none.
import type { KubeObject } from '../shared/kinds.ts';

/** RFC 6902. */
export type PatchOperation =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string };

const ANNOTATIONS = '/metadata/annotations';

/** Sets the annotation, or removes it for undefined; empty when the object is like that already. */
export function annotationPatch(
  object: Pick<KubeObject, 'metadata'>,
  key: string,
  value: string | undefined,
): PatchOperation[] {
  const annotations = object.metadata.annotations ?? undefined;
  const present = annotations !== undefined && Object.hasOwn(annotations, key);
  if (value === undefined) return present ? [{ op: 'remove', path: pathOf(key) }] : [];
  if (annotations === undefined) return [{ op: 'add', path: ANNOTATIONS, value: { [key]: value } }];
  if (annotations[key] === value) return [];
  return [{ op: present ? 'replace' : 'add', path: pathOf(key), value }];
}

/** In a JSON pointer `~` and `/` are written `~0` and `~1` (RFC 6901). */
function pathOf(key: string): string {
  return `${ANNOTATIONS}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
