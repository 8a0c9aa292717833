import { isAbsolute } from 'node:path';
import { StorageError } from '../../errors.ts';
import { refuseUnknownOptions } from '../home.ts';
import { parseSize } from './sizes.ts';

export type FileSystemName = 'ext4' | 'xfs';

/** Options as they were given; what was left out is decided when the pool is made. */
export interface PoolOptions {
  /** How large the file system of a layer is. */
  readonly baseSizeBytes?: number;
  readonly fileSystem?: FileSystemName;
  readonly blockBytes?: number;
  /** No layer is made when less of the pool is free; 0 to 99. */
  readonly minFreePercent: number;
  /** A pool that is there already, as lvm made it: its name, or a path of it. */
  readonly thinPoolDevice?: string;
  readonly dataDevice?: string;
  readonly metadataDevice?: string;
  readonly loopDataBytes?: number;
  readonly loopMetadataBytes?: number;
  readonly mountOptions: readonly string[];
  readonly mkfsArguments?: readonly string[];
}

/** @see linux drivers/md/dm-thin.c DATA_DEV_BLOCK_SIZE_MIN_SECTORS */
const LEAST_BLOCK_BYTES = 64 * 1024;
const MOST_BLOCK_BYTES = 1024 ** 3;
/** Smaller ones the kernel or the file systems refuse. */
const LEAST_BASE_BYTES = 16 * 1024 ** 2;
const LEAST_DATA_BYTES = 16 * 1024 ** 2;
const LEAST_METADATA_BYTES = 2 * 1024 ** 2;
const MIN_FREE_PERCENT = 10;

const KNOWN = [
  'dm.basesize',
  'dm.fs',
  'dm.mkfsarg',
  'dm.mountopt',
  'dm.blocksize',
  'dm.min_free_space',
  'dm.thinpooldev',
  'dm.datadev',
  'dm.metadatadev',
  'dm.loopdatasize',
  'dm.loopmetadatasize',
] as const;

type OptionName = (typeof KNOWN)[number];

/** @throws {StorageError} `DRIVER_OPTION_INVALID` */
export function readOptions(driver: string, given: Readonly<Record<string, string>>): PoolOptions {
  refuseUnknownOptions(driver, given, KNOWN);
  const options = new Given(given);
  const all: PoolOptions = {
    minFreePercent: options.read('dm.min_free_space', percent) ?? MIN_FREE_PERCENT,
    mountOptions: options.read('dm.mountopt', mountOptions) ?? [],
    ...optional('baseSizeBytes', options.read('dm.basesize', sizeFrom(LEAST_BASE_BYTES))),
    ...optional('fileSystem', options.read('dm.fs', fileSystem)),
    ...optional('mkfsArguments', options.read('dm.mkfsarg', words)),
    ...optional('blockBytes', options.read('dm.blocksize', blockSize)),
    ...optional('thinPoolDevice', options.read('dm.thinpooldev', text)),
    ...optional('dataDevice', options.read('dm.datadev', device)),
    ...optional('metadataDevice', options.read('dm.metadatadev', device)),
    ...optional('loopDataBytes', options.read('dm.loopdatasize', sizeFrom(LEAST_DATA_BYTES))),
    ...optional('loopMetadataBytes', options.read('dm.loopmetadatasize', sizeFrom(LEAST_METADATA_BYTES))),
  };
  options.refuseTogether('dm.thinpooldev', ['dm.datadev', 'dm.metadatadev', 'dm.blocksize']);
  for (const where of ['dm.thinpooldev', 'dm.datadev'] as const) {
    options.refuseTogether(where, ['dm.loopdatasize', 'dm.loopmetadatasize']);
  }
  options.wantTogether('dm.datadev', 'dm.metadatadev');
  return all;
}

/** What an option may be: its value, or a sentence of what was expected. */
type Read<T> = (value: string) => { readonly value: T } | { readonly expected: string };

class Given {
  readonly #given: Readonly<Record<string, string>>;

  constructor(given: Readonly<Record<string, string>>) {
    this.#given = given;
  }

  read<T>(name: OptionName, read: Read<T>): T | undefined {
    const given = this.#given[name];
    if (given === undefined) return undefined;
    const result = read(given);
    if ('value' in result) return result.value;
    throw optionInvalid(name, `expected ${result.expected}, got "${given}"`);
  }

  refuseTogether(name: OptionName, others: readonly OptionName[]): void {
    const other = others.find((one) => this.#given[one] !== undefined);
    if (this.#given[name] === undefined || other === undefined) return;
    throw optionInvalid(other, `it says nothing where "${name}" is given`, 'Leave out one of the two');
  }

  wantTogether(one: OptionName, other: OptionName): void {
    const missing = [one, other].filter((name) => this.#given[name] === undefined);
    if (missing.length !== 1) return;
    const given = missing[0] === one ? other : one;
    throw optionInvalid(given, `it needs "${missing[0]}" beside it`);
  }
}

export function optionInvalid(name: string, reason: string, hint?: string): StorageError {
  return new StorageError('DRIVER_OPTION_INVALID', `Cannot use the storage option "${name}": ${reason}`, {
    ...(hint === undefined ? {} : { hint }),
    detail: { option: name },
  });
}

function optional<Name extends string, T>(name: Name, value: T | undefined): { readonly [K in Name]?: T } {
  return value === undefined ? {} : ({ [name]: value } as { [K in Name]: T });
}

function sizeFrom(least: number): Read<number> {
  return (given) => {
    const bytes = parseSize(given);
    if (bytes === undefined) return { expected: 'a size, for instance 10G' };
    return bytes < least ? { expected: `at least ${least / 1024 ** 2}M` } : { value: bytes };
  };
}

function blockSize(given: string): ReturnType<Read<number>> {
  const bytes = parseSize(given);
  const isFine =
    bytes !== undefined &&
    bytes >= LEAST_BLOCK_BYTES &&
    bytes <= MOST_BLOCK_BYTES &&
    bytes % LEAST_BLOCK_BYTES === 0;
  return isFine ? { value: bytes } : { expected: 'a multiple of 64K, 1G at most' };
}

function fileSystem(given: string): ReturnType<Read<FileSystemName>> {
  return given === 'ext4' || given === 'xfs' ? { value: given } : { expected: '"ext4" or "xfs"' };
}

function percent(given: string): ReturnType<Read<number>> {
  const match = /^(\d{1,2})%$/.exec(given);
  return match === null ? { expected: 'a share of the pool from 0% to 99%' } : { value: Number(match[1]) };
}

function device(given: string): ReturnType<Read<string>> {
  return isAbsolute(given) ? { value: given } : { expected: 'the path of a block device' };
}

function text(given: string): ReturnType<Read<string>> {
  return given === '' ? { expected: 'the name of a thin pool' } : { value: given };
}

function words(given: string): ReturnType<Read<readonly string[]>> {
  return { value: given.split(/\s+/).filter(Boolean) };
}

function mountOptions(given: string): ReturnType<Read<readonly string[]>> {
  // Settings of the engine have commas between options.
  const list = given.split(/[,\s]+/).filter(Boolean);
  return list.includes('ro') ? { expected: 'options that leave layers writable' } : { value: list };
}
