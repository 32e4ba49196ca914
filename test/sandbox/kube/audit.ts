// Who did what? The requests answered most recently, so that tests can say «no write», «only these verbs».

export interface AuditEntry {
  readonly time: Date;
  readonly user: string;
  /** RBAC's verb; of a path outside resources the method in lower case. */
  readonly verb: string;
  readonly group: string;
  /** Empty for discovery, health and the like. */
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly path: string;
  readonly dryRun: boolean;
  readonly code: number;
}

export class AuditLog {
  readonly #capacity: number;
  #entries: AuditEntry[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Oldest first; all of them, or those that have every field of `like`. */
  entries(like: Partial<AuditEntry> = {}): readonly AuditEntry[] {
    const wanted = Object.entries(like) as [keyof AuditEntry, unknown][];
    return this.#entries.filter((entry) => wanted.every(([field, value]) => entry[field] === value));
  }

  clear(): void {
    this.#entries = [];
  }

  record(entry: AuditEntry): void {
    this.#entries.push(entry);
    if (this.#entries.length >= 2 * this.#capacity) this.#entries.splice(0, this.#capacity);
  }
}
