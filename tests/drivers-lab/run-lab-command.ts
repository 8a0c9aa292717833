import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { NODE_OPTIONS } from '../vm/disks.ts';

const MAIN = join(import.meta.dirname, '../../packages/cli/src/main.ts');

/** Arguments for Node that run `berth lab`. */
export function berthLab(args: readonly string[]): readonly string[] {
  return [...NODE_OPTIONS, MAIN, 'lab', ...args];
}

/** Runs Node to its end, with its progress told line by line. @returns what it printed */
export async function runLabCommand(
  args: readonly string[],
  options: {
    readonly env?: Readonly<Record<string, string>>;
    readonly onProgress?: (line: string) => void;
  } = {},
): Promise<string> {
  const child = spawn(process.execPath, [...args], {
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let complaints = '';
  createInterface(child.stderr).on('line', (line) => {
    complaints = `${complaints}${line}\n`.slice(-4000);
    options.onProgress?.(line);
  });
  const [out, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  if (code !== 0) throw new Error(`berth lab ended with ${code}:\n${complaints}`);
  return out;
}
