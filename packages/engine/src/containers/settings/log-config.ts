import type { LogSettings } from '@berth/monitor';
import type { ApiHostConfig } from '../../api/types.ts';
import { notImplemented, refused } from './refuse.ts';

/** Docker keeps everything by default, until the disk is full. */
const DEFAULT_MAX_SIZE = 20_000_000;
const DEFAULT_MAX_FILES = 5;
/** Docker's; they would change what lines look like. */
const UNSUPPORTED = [
  'compress',
  'labels',
  'labels-regex',
  'env',
  'env-regex',
  'tag',
  'mode',
  'max-buffer-size',
];

/** `--log-driver` and `--log-opt`. @throws {EngineError} `CONFIG_REFUSED`, `NOT_IMPLEMENTED` */
export function logSettings(config: ApiHostConfig['LogConfig'], path: string): LogSettings {
  const type = config?.Type || 'json-file';
  const options = config?.Config ?? {};
  if (type !== 'json-file' && type !== 'none') {
    throw notImplemented(`The log driver "${type}"`, 'Use --log-driver json-file or none');
  }
  for (const [name, value] of Object.entries(options)) {
    if (typeof value !== 'string') throw refused(`invalid value for log opt '${name}'`);
    if (name === 'max-size' || name === 'max-file') continue;
    const isOff = name === 'mode' ? value === 'blocking' : name === 'compress' && value === 'false';
    if (isOff) continue;
    if (UNSUPPORTED.includes(name)) throw notImplemented(`The log option "${name}"`);
    throw refused(`unknown log opt '${name}' for ${type} log driver`);
  }
  const { 'max-size': size, 'max-file': files } = options;
  return {
    driver: type,
    path,
    maxSizeBytes: size === undefined ? DEFAULT_MAX_SIZE : parseSize(size),
    maxFiles: files === undefined ? DEFAULT_MAX_FILES : parseCount(files),
  };
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 };

/** `10m`, `1.5gb`; decimal, as Docker has it here. `-1`: without an end. */
function parseSize(text: string): number {
  if (text === '-1') return Number.MAX_SAFE_INTEGER;
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)b?$/i.exec(text.trim());
  const size = Math.floor(Number(match?.[1]) * (UNITS[match?.[2]?.toLowerCase() ?? ''] ?? 1));
  if (match === null || size <= 0) throw refused(`invalid value for max-size: "${text}"`);
  return size;
}

function parseCount(text: string): number {
  const count = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (count < 1) throw refused('max-file cannot be less than 1');
  return count;
}
