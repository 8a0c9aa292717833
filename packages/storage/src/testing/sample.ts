import { createHash } from 'node:crypto';

const SEED = process.env.BERTH_SEED ?? `${Date.now()}`;
const IS_SOAK = process.env.BERTH_SOAK === '1';

/** For suites that take long where they run: a share of their cases, others with another seed; in the long run all. */
export function sampleOf(share: number): (name: string) => boolean {
  return (name) => {
    const hash = createHash('sha256').update(`${SEED}/${name}`).digest();
    return IS_SOAK || hash.readUInt32BE() / 2 ** 32 < share;
  };
}
