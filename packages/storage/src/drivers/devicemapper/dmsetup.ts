/**
 * The kernel's device mapper, by the program `dmsetup`: a call that hangs in the kernel then hangs there, and not in the engine.
 *
 * Device nodes: the kernel makes `/dev/dm-<minor>` itself (devtmpfs), before the call returns, and nothing else is used here. So
 * there is nothing to wait for: `--noudevsync` leaves out the handshake with udev, which is for the names in /dev/mapper and does not
 * come back where udev is broken or runs elsewhere. Where udev runs, it looks into new devices for a moment: a removal then finds
 * them busy and is tried again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { StorageError } from '../../errors.ts';
import { mustRun, programFailed } from './run-program.ts';

export interface MappedDevice {
  readonly name: string;
  /** `253:4`, as tables want it. */
  readonly numbers: string;
  /** `/dev/dm-4` */
  readonly path: string;
}

export interface FoundDevice extends MappedDevice {
  readonly isSuspended: boolean;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
}

const DMSETUP = 'dmsetup';
const RETRIES_MS = [10, 40, 100, 250];

/** What the kernel answers, by the words of strerror(3). */
const ERRNOS: readonly (readonly [words: string, code: DeviceErrno])[] = [
  ['Device does not exist', 'ENXIO'],
  ['No such device or address', 'ENXIO'],
  ['Device or resource busy', 'EBUSY'],
  ['No data available', 'ENODATA'],
  ['File exists', 'EEXIST'],
  ['No space left on device', 'ENOSPC'],
  ['Invalid argument', 'EINVAL'],
];

export type DeviceErrno = 'ENXIO' | 'EBUSY' | 'ENODATA' | 'EEXIST' | 'ENOSPC' | 'EINVAL';

/** The kernel's reason for a failure of a call below; `undefined` for any other. */
export function deviceErrno(error: unknown): DeviceErrno | undefined {
  const stderr = (error as StorageError | undefined)?.detail?.stderr;
  if (typeof stderr !== 'string') return undefined;
  return ERRNOS.find(([words]) => stderr.includes(words))?.[1];
}

/** @throws {StorageError} `DISK_FAILED`; `EBUSY`: the name is taken */
export async function createDevice(
  name: string,
  table: string,
  options: CallOptions = {},
): Promise<MappedDevice> {
  // Verbose, it tells the numbers that the kernel chose.
  const said = await dmsetup(['create', name, '--noudevsync', '-v', '--table', table], options);
  const numbers = /^Major, minor:\s*(\d+), (\d+)$/m.exec(said);
  if (numbers === null) throw programFailed(`dmsetup create ${name}`, { code: 0, stdout: said, stderr: '' });
  return mapped(name, numbers[1] as string, numbers[2] as string);
}

/** `undefined` when there is none with this name. */
export async function findDevice(name: string, options: CallOptions = {}): Promise<FoundDevice | undefined> {
  try {
    const line = await dmsetup(['info', ...INFO, name], options);
    const [major = '', minor = '', suspended] = line.trim().split('|');
    return { ...mapped(name, major, minor), isSuspended: suspended === 'Suspended' };
  } catch (error) {
    if (deviceErrno(error) === 'ENXIO') return undefined;
    throw error;
  }
}

/**
 * Devices whose name begins with `prefix`, by whomever they were made. The kernel gives the list in one piece; what asks for each of
 * them then (`dmsetup info`) fails when one goes meanwhile, and others come and go all the time.
 */
export async function listDevices(
  prefix: string,
  options: CallOptions = {},
): Promise<readonly MappedDevice[]> {
  return parseList(await dmsetup(['ls'], options)).filter(({ name }) => name.startsWith(prefix));
}

/**
 * Takes a device away. One that is busy for longer than a moment goes when its last user closes it.
 *
 * @returns whether it has gone; `true` also when it was not there
 */
export async function removeDevice(name: string, options: CallOptions = {}): Promise<boolean> {
  for (const waitMs of RETRIES_MS) {
    const answer = await tryRemove(name, [], options);
    if (answer !== 'EBUSY') return true;
    await sleep(waitMs, undefined, options);
  }
  if ((await tryRemove(name, ['--deferred'], options)) === 'EBUSY') return false;
  return (await findDevice(name, options)) === undefined;
}

/** A device that waits for its last user to go stays after all. */
export async function keepDevice(name: string, options: CallOptions = {}): Promise<void> {
  await dmsetup(['message', name, '0', '@cancel_deferred_remove'], options);
}

/** The table of a device in one line; `undefined` when there is no such device. */
export async function readTable(name: string, options: CallOptions = {}): Promise<string | undefined> {
  try {
    return (await dmsetup(['table', name], options)).trim();
  } catch (error) {
    if (deviceErrno(error) === 'ENXIO') return undefined;
    throw error;
  }
}

/** Without a flush: a device that hangs answers too. */
export async function readStatus(name: string, options: CallOptions = {}): Promise<string> {
  return (await dmsetup(['status', '--noflush', name], options)).trim();
}

/** Another table, at once: what was on its way ends first. */
export async function replaceTable(name: string, table: string, options: CallOptions = {}): Promise<void> {
  await dmsetup(['load', name, '--table', table], options);
  await dmsetup(['resume', name, '--noudevsync'], options);
}

/** Writes out what its file system holds back, and lets nobody write until `resumeDevice`. */
export async function suspendDevice(name: string, options: CallOptions = {}): Promise<void> {
  await dmsetup(['suspend', name], options);
}

export async function resumeDevice(name: string, options: CallOptions = {}): Promise<void> {
  await dmsetup(['resume', name, '--noudevsync'], options);
}

export async function sendMessage(name: string, message: string, options: CallOptions = {}): Promise<void> {
  await dmsetup(['message', name, '0', message], options);
}

/** Targets that the kernel has loaded, with their versions. */
export async function knownTargets(options: CallOptions = {}): Promise<ReadonlyMap<string, string>> {
  const lines = (await dmsetup(['targets'], options)).trim().split('\n');
  return new Map(lines.map((line) => line.split(/\s+/) as [string, string]));
}

export async function versions(
  options: CallOptions = {},
): Promise<{ readonly library: string; readonly driver: string }> {
  const said = await dmsetup(['version'], options);
  const after = (what: string) => new RegExp(`^${what} version:\\s*(.*)$`, 'm').exec(said)?.[1] ?? 'unknown';
  return { library: after('Library'), driver: after('Driver') };
}

const INFO = [
  ...['--columns', '--noheadings', '--separator', '|'],
  ...['--options', 'major,minor,suspended'],
] as const;

/** `name (253:4)` each; before 1.02.98 it was `(253, 4)`. */
export function parseList(text: string): readonly MappedDevice[] {
  return [...text.matchAll(/^(\S+)\s+\((\d+)(?::|, )(\d+)\)$/gm)].map(
    ([, name = '', major = '', minor = '']) => mapped(name, major, minor),
  );
}

function mapped(name: string, major: string, minor: string): MappedDevice {
  return { name, numbers: `${major}:${minor}`, path: `/dev/dm-${minor}` };
}

async function tryRemove(
  name: string,
  flags: readonly string[],
  options: CallOptions,
): Promise<'gone' | 'EBUSY'> {
  try {
    await dmsetup(['remove', '--noudevsync', ...flags, name], options);
    return 'gone';
  } catch (error) {
    const errno = deviceErrno(error);
    if (errno === 'ENXIO') return 'gone';
    if (errno === 'EBUSY') return errno;
    throw error;
  }
}

async function dmsetup(args: readonly string[], options: CallOptions): Promise<string> {
  return await mustRun(DMSETUP, args, options);
}
