import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { ApiHostConfig } from '@berth/engine';
import { plain } from './files.ts';

/**
 * `--security-opt` as the API takes it: a seccomp profile is read here, since the engine has another view of files;
 * `systempaths=unconfined` means that no path is hidden.
 */
export async function securityOptions(given: readonly string[], cwd: string): Promise<ApiHostConfig> {
  const options: string[] = [];
  let isUnconfined = false;
  for (const one of given) {
    // An equals sign, or the older colon.
    const [, name = one, value] = /^([^=:]+)[=:](.*)$/s.exec(one) ?? [];
    if (value === undefined && name !== 'no-new-privileges')
      throw new Error(`invalid --security-opt: ${JSON.stringify(one)}`);
    if (name === 'systempaths' && value === 'unconfined') isUnconfined = true;
    else if (name === 'seccomp' && value !== 'unconfined' && value !== 'builtin') {
      options.push(`seccomp=${await profile(value ?? '', cwd)}`);
    } else options.push(one);
  }
  return { SecurityOpt: options, ...(isUnconfined ? { MaskedPaths: [], ReadonlyPaths: [] } : {}) };
}

async function profile(path: string, cwd: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(resolve(cwd, path), 'utf8');
  } catch (error) {
    throw new Error(`opening seccomp profile (${path}) failed: ${plain(error, 'open', path).message}`);
  }
  try {
    return JSON.stringify(JSON.parse(text));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new Error(`compacting json for seccomp profile (${path}) failed: ${error.message}`);
  }
}
