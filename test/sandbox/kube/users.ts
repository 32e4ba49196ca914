// Who is calling? Bearer tokens as in kube-apiserver's token file, kept in memory.

/** As `userInfo` of an AdmissionReview and `user` of the audit log. */
export interface User {
  readonly name: string;
  readonly uid: string;
  readonly groups: readonly string[];
}

/** The user of the in-process client and of the controllers that the sandbox plays. */
export const ADMINISTRATOR: User = {
  name: 'admin',
  uid: 'admin',
  groups: ['system:masters', 'system:authenticated'],
};

export class Users {
  readonly #byToken = new Map<string, User>();

  add(user: { token: string; name: string; groups?: readonly string[] }): void {
    const groups = [...(user.groups ?? []), 'system:authenticated'];
    this.#byToken.set(user.token, { name: user.name, uid: user.name, groups });
  }

  /** undefined: nobody we know. */
  authenticate(authorization: string | undefined): User | undefined {
    const token = /^Bearer\s+(\S+)$/i.exec(authorization ?? '')?.[1];
    return token === undefined ? undefined : this.byToken(token);
  }

  byToken(token: string): User | undefined {
    return this.#byToken.get(token);
  }
}
