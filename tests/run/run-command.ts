import { spawn } from 'node:child_process';
import type { Outcome } from './outcome.ts';

/** Runs one of the clone's own tools (types, lint) and counts it as one test. */
export async function runCommand(
  name: string,
  options: {
    readonly top: string;
    readonly command: readonly [string, ...string[]];
    readonly again: string;
    readonly signal?: AbortSignal;
  },
): Promise<Outcome> {
  const [program, ...args] = options.command;
  const child = spawn(program, args, {
    cwd: options.top,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  let output = '';
  const keep = (chunk: Buffer) => {
    output += chunk.toString();
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const code = await new Promise<number | null>((done, fail) => {
    child.once('error', fail);
    child.once('close', done);
  });
  const base = { file: name, name, again: options.again };
  if (code === 0) return { ...base, result: 'passed' };
  return { ...base, result: 'failed', reason: `Exit code ${code}\n${output}` };
}
