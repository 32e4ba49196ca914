// What handlers work on: the stored objects, the kinds served, admission and the clock. Passed whole to every handler,
// because each needs most of it.
import type { ApiObject } from './object.ts';
import type { Registry } from './registry.ts';
import type { ResourceRequest } from './request.ts';
import type { Snapshots } from './snapshots.ts';
import type { Storage } from './storage.ts';

export interface Cluster {
  readonly storage: Storage;
  readonly registry: Registry;
  readonly snapshots: Snapshots;
  readonly admission: Admission;
  readonly now: () => Date;
}

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE';

/** What admission is asked about, beside the object itself. */
export interface AdmissionAttributes {
  readonly request: ResourceRequest;
  readonly operation: Operation;
  /** Empty while generateName has not been carried out. */
  readonly name: string;
  readonly namespace: string;
  readonly oldObject: ApiObject | undefined;
  /** Nothing will be stored. */
  readonly dryRun: boolean;
  /** CreateOptions, UpdateOptions or DeleteOptions. */
  readonly options: object;
}

/** Rejects with a Refusal when a webhook denies or fails. */
export interface Admission {
  /** The object as the mutating webhooks leave it; never changes the one given. */
  mutate(attributes: AdmissionAttributes, object: ApiObject | undefined): Promise<ApiObject | undefined>;
  validate(attributes: AdmissionAttributes, object: ApiObject | undefined): Promise<void>;
}
