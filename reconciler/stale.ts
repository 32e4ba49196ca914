// The world is not what a plan was made from: whoever finds out stops there, and the next plan decides again.

/** Not a failure: what was planned is not to be done any more, or not yet. */
export class Stale extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Stale';
  }
}
