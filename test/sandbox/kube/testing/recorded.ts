// One recorded exchange with a real kube-apiserver, by the number in front of its file's name.
import { readdirSync, readFileSync } from 'node:fs';
import type { JsonObject } from '../json.ts';

const FOLDER = new URL('../../../fixtures/kube-apiserver/', import.meta.url);

/** What was asked and answered; the bodies as they were parsed. */
export interface Exchange {
  readonly request: { readonly body: unknown };
  readonly response: { readonly status: number; readonly body: JsonObject };
}

/** The exchange with this number, read anew: it may be changed. */
export function recorded(number: number): Exchange {
  const prefix = `${String(number).padStart(2, '0')}-`;
  const name = readdirSync(FOLDER).find((file) => file.startsWith(prefix)) ?? prefix;
  return JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as Exchange;
}
