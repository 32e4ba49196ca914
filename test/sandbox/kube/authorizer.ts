// May this user do that? RBAC over the objects stored at this moment, in the words of kube-apiserver.
import { collectionKey } from './collection-key.ts';
import { type Attributes, type CompiledRbac, compileRbac } from './rbac.ts';
import type { AuthorizedVerb, ResourceRoute } from './route.ts';
import { forbidden, type Refusal, refusal } from './status.ts';
import type { Storage } from './storage.ts';
import type { User } from './users.ts';

const GROUP = 'rbac.authorization.k8s.io';

export class Authorizer {
  readonly #storage: Storage;
  #compiled: CompiledRbac | undefined;

  constructor(storage: Storage) {
    this.#storage = storage;
    for (const plural of ['clusterroles', 'roles', 'clusterrolebindings', 'rolebindings']) {
      storage.collection(collectionKey(GROUP, plural)).listen(() => {
        this.#compiled = undefined;
      });
    }
  }

  /** Compiled again after the first question that follows a change. */
  get rules(): CompiledRbac {
    this.#compiled ??= compileRbac({
      clusterRoles: this.#objects('clusterroles'),
      roles: this.#objects('roles'),
      clusterRoleBindings: this.#objects('clusterrolebindings'),
      roleBindings: this.#objects('rolebindings'),
    });
    return this.#compiled;
  }

  allows(user: User, attributes: Attributes): boolean {
    return this.rules.allows(user, attributes);
  }

  #objects(plural: string) {
    const versions = this.#storage.collection(collectionKey(GROUP, plural)).list();
    return versions.map((version) => version.object);
  }
}

/** What is asked for, as far as authorization looks at it. */
export interface AuthorizedRoute
  extends Pick<ResourceRoute, 'group' | 'resource' | 'subresource' | 'namespace' | 'authorizedName'> {
  readonly verb: AuthorizedVerb;
}

export function attributesOf(route: AuthorizedRoute): Attributes {
  const { verb, group, resource, subresource, namespace, authorizedName: name } = route;
  return { verb, group, resource, subresource, namespace, name };
}

export function forbiddenResource(user: User, route: AuthorizedRoute): Refusal {
  const { verb, group, resource, subresource, namespace, authorizedName } = route;
  const scope = namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  const full = subresource === '' ? resource : `${resource}/${subresource}`;
  return forbidden(
    { group, resource },
    authorizedName,
    `User "${user.name}" cannot ${verb} resource "${full}" in API group "${group}" ${scope}`,
  );
}

export function forbiddenPath(user: User, method: string, path: string): Refusal {
  const message = `forbidden: User "${user.name}" cannot ${method.toLowerCase()} path "${path}"`;
  return refusal(403, 'Forbidden', message, {});
}
