import { digestBytes } from '@berth/oci';

/** The runner gives one seed to a whole run; a file run by itself takes the time. */
export const SEED: string = process.env.BERTH_SEED ?? `${Date.now()}`;

export const IS_SOAK: boolean = process.env.BERTH_SOAK === '1';

/** 0 ≤ x < 1, the same for the same seed and name. */
export function chance(name: string): number {
  return Number.parseInt(digestBytes(`${SEED}/${name}`).slice(7, 15), 16) / 2 ** 32;
}
