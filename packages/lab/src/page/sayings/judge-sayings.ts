import { aufsLowLayers, deviceMapperBlocks, overlayWholeFiles } from './copying.ts';
import { overlayRename } from './renaming.ts';
import type { SayingName } from './saying-names.ts';
import { freshTakesNothing, overlaySharesMemory, vfsCopiesAll } from './sharing.ts';
import { blocksWinHeavyWrites, overlayWinsReaders } from './speed.ts';
import type { Case, Judge, Verdict } from './verdict.ts';

export interface SayingResult extends Verdict {
  readonly saying: SayingName;
}

const JUDGES: Readonly<Record<SayingName, Judge>> = {
  aufsLowLayers,
  overlayWholeFiles,
  deviceMapperBlocks,
  blocksWinHeavyWrites,
  overlayWinsReaders,
  freshTakesNothing,
  vfsCopiesAll,
  overlaySharesMemory,
  overlayRename,
};

/** What books and talks say of storage drivers, held against the figures of one machine. Nothing is taken from belief. */
export function judgeSayings(given: Case): readonly SayingResult[] {
  return Object.entries(JUDGES).map(([saying, judge]) => ({
    saying: saying as SayingName,
    ...judge(given),
  }));
}
