import { constants } from 'node:os';

const SIGRTMIN = 34;
const SIGRTMAX = 64;

/** Names with `SIG`, real-time signals as `SIGRTMIN`, `SIGRTMIN+1` … `SIGRTMAX-1`, `SIGRTMAX`. */
export const SIGNALS: Readonly<Record<string, number>> = {
  ...constants.signals,
  SIGCLD: 17,
  ...Object.fromEntries(Array.from({ length: 16 }, (_, n) => [`SIGRTMIN${n ? `+${n}` : ''}`, SIGRTMIN + n])),
  ...Object.fromEntries(Array.from({ length: 15 }, (_, n) => [`SIGRTMAX${n ? `-${n}` : ''}`, SIGRTMAX - n])),
};

/** `SIGTERM`, `term` or `15`. @returns `undefined` for what is no signal from 1 to 64 */
export function parseSignal(text: string): number | undefined {
  if (/^\d+$/.test(text)) {
    const signal = Number(text);
    return signal >= 1 && signal <= SIGRTMAX ? signal : undefined;
  }
  const name = text.toUpperCase();
  const key = name.startsWith('SIG') ? name : `SIG${name}`;
  return Object.hasOwn(SIGNALS, key) ? SIGNALS[key] : undefined;
}
