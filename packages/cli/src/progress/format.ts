import { type Digest, digestHex } from '@berth/oci';
import type { PutBlobResult } from '@berth/transfer';
import { formatBytes } from '../output/columns.ts';

/** The first 12 hexadecimal digits, as docker shows them. */
export function shortDigest(digest: Digest): string {
  return digestHex(digest).slice(0, 12);
}

export const RESULT_WORDS: Readonly<Record<PutBlobResult, string>> = {
  exists: 'already there',
  mounted: 'mounted',
  copied: 'copied',
};

export function formatSpeed(bytesPerSecond: number): string {
  return `${formatBytes(Math.round(bytesPerSecond))}/s`;
}

/** `45 s`, `3 min`, `2 h 5 min`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export interface BarStyle {
  readonly width: number;
  readonly hasUnicode: boolean;
}

/** A bar of exactly `width` columns. */
export function progressBar(part: number, { width, hasUnicode }: BarStyle): string {
  const share = Number.isFinite(part) ? Math.min(1, Math.max(0, part)) : 0;
  if (hasUnicode) {
    const full = Math.round(share * width);
    return '━'.repeat(full) + '─'.repeat(width - full);
  }
  const inner = width - 2;
  const full = Math.round(share * inner);
  const head = full > 0 && full < inner ? `${'='.repeat(full - 1)}>` : '='.repeat(full);
  return `[${head.padEnd(inner)}]`;
}
