// Who is calling? Bearer tokens as in kube-apiserver's token file, kept in memory, and service accounts' names.

/** As `userInfo` of an AdmissionReview and `user` of the audit log. */
export interface User {
  readonly name: string;
  readonly uid: string;
  readonly groups: readonly string[];
}

const AUTHENTICATED = 'system:authenticated';

/** The user of the in-process client and of the controllers that the sandbox plays. */
export const ADMINISTRATOR: User = {
  name: 'admin',
  uid: 'admin',
  groups: ['system:masters', AUTHENTICATED],
};

/** Whoever shows no credentials at all. */
export const ANONYMOUS: User = { name: 'system:anonymous', uid: '', groups: ['system:unauthenticated'] };

/** A user by that name, in these groups and those that everybody is in. */
export function userNamed(name: string, groups: readonly string[] = []): User {
  return { name, uid: name, groups: [...groups, ...serviceAccountGroups(name), AUTHENTICATED] };
}

/** `namespace` and `name` of the service account that a user name stands for. */
export function serviceAccountOf(userName: string): { namespace: string; name: string } | undefined {
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(userName) ?? [];
  return namespace === undefined || name === undefined ? undefined : { namespace, name };
}

function serviceAccountGroups(userName: string): string[] {
  const account = serviceAccountOf(userName);
  if (account === undefined) return [];
  return ['system:serviceaccounts', `system:serviceaccounts:${account.namespace}`];
}

export class Users {
  readonly #byToken = new Map<string, User>();

  add(user: { token: string; name: string; groups?: readonly string[] }): void {
    this.#byToken.set(user.token, userNamed(user.name, user.groups));
  }

  /** undefined: credentials that we do not know. */
  authenticate(authorization: string | undefined): User | undefined {
    if (authorization === undefined) return ANONYMOUS;
    const token = /^Bearer\s+(\S+)$/i.exec(authorization)?.[1];
    return token === undefined ? undefined : this.byToken(token);
  }

  byToken(token: string): User | undefined {
    return this.#byToken.get(token);
  }
}
