import { DatabaseSync } from 'node:sqlite';
import { hasCode } from '@berth/errors';

const SQLITE_BUSY = 5;

/**
 * One monitor per folder. SQLite's exclusive transaction is a lock of the kernel on the file: it ends with the process
 * however that dies, and never has to be judged stale. The file stays empty.
 *
 * @returns `undefined`: another process has it
 */
export function tryLock(path: string): Disposable | undefined {
  const file = new DatabaseSync(path);
  try {
    file.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    file.close();
    if (hasCode(error) && (error as { errcode?: number }).errcode === SQLITE_BUSY) return undefined;
    throw error;
  }
  return { [Symbol.dispose]: () => file.isOpen && file.close() };
}
