/** What is said of storage drivers: each has a sentence in every language, and a judge. */
export type SayingName =
  | 'aufsLowLayers'
  | 'overlayWholeFiles'
  | 'deviceMapperBlocks'
  | 'blocksWinHeavyWrites'
  | 'overlayWinsReaders'
  | 'freshTakesNothing'
  | 'vfsCopiesAll'
  | 'overlaySharesMemory'
  | 'overlayRename';
