import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Puts programs into an existing folder that can stand in a `PATH`: a name each, and the words that start it (see `file-systems.ts`). */
export async function fillProgramFolder(
  folder: string,
  programs: Readonly<Record<string, readonly string[]>>,
): Promise<void> {
  for (const [name, words] of Object.entries(programs)) {
    const script = join(folder, name);
    await writeFile(script, `#!/bin/sh\nexec ${words.map((word) => `'${word}'`).join(' ')} "$@"\n`);
    await chmod(script, 0o755);
  }
}
