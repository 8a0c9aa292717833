import { open } from 'node:fs/promises';

/** A file that was not there, on disk when this resolves. */
export async function writeNewFile(path: string, text: string): Promise<void> {
  await using file = await open(path, 'wx', 0o600);
  await file.writeFile(text);
  await file.sync();
}
