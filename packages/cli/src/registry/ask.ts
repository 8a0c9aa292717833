import { createInterface } from 'node:readline';
import { addAbortSignal, Writable } from 'node:stream';
import type { CliContext } from '../context.ts';
import { CliError } from '../errors.ts';

/** Reads all of standard input, without the line end that `echo` adds. */
export async function readStandardInput(context: CliContext): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Reading a terminal or a pipe ends for nobody else's sake: only so does Ctrl-C end it.
  for await (const chunk of addAbortSignal(context.signal, context.stdin)) {
    size += (chunk as Buffer).length;
    if (size > 64 * 1024)
      throw new CliError('USAGE', 'Cannot read the password: more than 64 kB on standard input');
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '');
}

/**
 * Asks questions one after the other: on a terminal with the question shown and, for a secret, nothing of what is
 * typed; else each answer is the next line of standard input.
 */
export async function askAll(
  context: CliContext,
  questions: readonly { readonly text: string; readonly isSecret?: boolean }[],
): Promise<readonly string[]> {
  const { stdin, stderr, signal } = context;
  let isMuted = false;
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (!isMuted) stderr.write(chunk);
      done();
    },
  });
  const reader = createInterface({ input: stdin, output, terminal: stdin.isTTY === true, historySize: 0 });
  // In raw mode the terminal makes no signal of Ctrl-C: readline does.
  reader.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  const lines = reader[Symbol.asyncIterator]();
  const stop = () => reader.close();
  signal.addEventListener('abort', stop, { once: true });
  try {
    const answers: string[] = [];
    for (const { text, isSecret = false } of questions) {
      if (stdin.isTTY) stderr.write(text);
      isMuted = isSecret;
      const line = await lines.next();
      isMuted = false;
      if (isSecret && stdin.isTTY) stderr.write('\n');
      signal.throwIfAborted();
      if (line.done === true)
        throw new CliError('USAGE', `Cannot go on: no answer to "${text.trim()}"`, {
          hint: 'Run it in a terminal, or use --username and --password-stdin',
        });
      answers.push(line.value);
    }
    return answers;
  } finally {
    signal.removeEventListener('abort', stop);
    reader.close();
  }
}
