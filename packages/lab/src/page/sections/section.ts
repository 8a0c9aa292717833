import type { LabMachine } from '../../interface.ts';
import type { Words } from '../words.ts';

/** One kind of work on a machine: what was done, and its figures. */
export interface Section {
  readonly name: string;
  readonly render: (machine: LabMachine, words: Words) => { readonly heading: string; readonly html: string };
}
