/** One thing that `berth doctor` looked at. */
export interface Finding {
  readonly about: string;
  /** `bad`: a Hub could not run like this. */
  readonly status: 'good' | 'note' | 'bad';
  readonly text: string;
  readonly hint?: string;
}
