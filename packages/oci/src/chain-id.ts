import { type ChainID, type DiffID, digestBytes } from './digest.ts';

/**
 * Names of the stacks of layers that begin at the bottom: the first of `diffIDs` alone, the first two, and so on.
 * @see image-spec v1.1 config.md#layer-chainid
 */
export function chainIDs(diffIDs: readonly DiffID[]): ChainID[] {
  const chain: ChainID[] = [];
  for (const diffID of diffIDs) {
    const below = chain.at(-1);
    chain.push((below === undefined ? diffID : digestBytes(`${below} ${diffID}`)) as string as ChainID);
  }
  return chain;
}

/** Name of the whole stack; `undefined` for an image without layers. */
export function chainID(diffIDs: readonly DiffID[]): ChainID | undefined {
  return chainIDs(diffIDs).at(-1);
}
