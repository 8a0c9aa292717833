import { chmod, mkdir, open, readFile, rm } from 'node:fs/promises';
import { hasCode } from '@berth/errors';
import { EngineError } from '../errors.ts';
import type { EnginePaths } from './paths.ts';

/** Grows when a Berth of before could no longer use the folder. */
export const DATA_FORMAT = 1;

/**
 * Makes what is missing of the data folder and refuses one of a newer format. Of a folder that exists nothing is changed
 * before it is known to be ours.
 *
 * @throws {EngineError} `DATA_ROOT_NEWER`, `DATA_ROOT_DENIED`
 */
export async function prepareDataRoot(paths: EnginePaths): Promise<void> {
  try {
    await makeFolder(paths.dataRoot, 0o711);
    if (!(await refuseNewerFormat(paths))) await writeFormat(paths);
    for (const folder of [paths.network, paths.containers, paths.temporary]) await makeFolder(folder, 0o700);
    // A volume's owner may be anybody, who must be able to reach it by its own path, as with Docker.
    await makeFolder(paths.volumes, 0o711);
  } catch (error) {
    if (!hasCode(error) || !['EACCES', 'EPERM', 'EROFS', 'ENOTDIR'].includes(error.code)) throw error;
    throw new EngineError(
      'DATA_ROOT_DENIED',
      `Cannot use data folder "${paths.dataRoot}": ${error.message}`,
      {
        hint: 'The engine must run as root, with a data folder that it may write',
        cause: error,
      },
    );
  }
}

/** Folders below the run root. Called with the lock held: of one engine of before nothing is left here but what its monitor has. */
export async function prepareRunRoot(paths: EnginePaths): Promise<void> {
  await makeFolder(paths.runRoot, 0o711);
  await makeFolder(paths.bundles, 0o700);
}

/** What a killed engine was in the middle of. */
export async function sweepTemporary(paths: EnginePaths): Promise<void> {
  await rm(paths.temporary, { recursive: true, force: true });
  await makeFolder(paths.temporary, 0o700);
}

async function makeFolder(path: string, mode: number): Promise<void> {
  const made = await mkdir(path, { recursive: true, mode });
  // The umask may have taken bits away again.
  if (made !== undefined) await chmod(path, mode);
}

/** @returns whether there is a format; a folder without one was never used */
async function refuseNewerFormat(paths: EnginePaths): Promise<boolean> {
  const text = await readFile(paths.format, 'utf8').catch((error: unknown) => {
    if (hasCode(error) && error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return false;
  const format = Number(text.trim());
  if (Number.isInteger(format) && format >= 1 && format <= DATA_FORMAT) return true;
  throw new EngineError(
    'DATA_ROOT_NEWER',
    `Cannot use data folder "${paths.dataRoot}": it has format "${text.trim().slice(0, 20)}", this Berth knows up to "${DATA_FORMAT}"`,
    { hint: 'Start the newer Berth that made it, or give this one another data folder' },
  );
}

async function writeFormat(paths: EnginePaths): Promise<void> {
  await using file = await open(paths.format, 'w', 0o600);
  await file.writeFile(`${DATA_FORMAT}\n`);
  await file.sync();
}
