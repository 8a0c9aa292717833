import { randomBytes } from 'node:crypto';
import type { LayerKey } from './interface.ts';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const KEY = /^[a-z2-7]{26}(-init)?$/;

/** 130 random bits: nobody else has it, also on another machine. */
export function newLayerKey(): LayerKey {
  return Array.from(randomBytes(26), (byte) => ALPHABET[byte & 31]).join('') as LayerKey;
}

/** The key of an init layer: so that whoever looks at the disk sees what it is. */
export function newInitKey(): LayerKey {
  return `${newLayerKey()}-init` as LayerKey;
}

export function isLayerKey(text: string): text is LayerKey {
  return KEY.test(text);
}
