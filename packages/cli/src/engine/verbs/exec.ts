import type { ApiExecInspect } from '@berth/engine';
import { followSize } from '../client/resize.ts';
import { joinSession } from '../client/session.ts';
import { bool, list, text } from '../flags/flag.ts';
import { part } from './each.ts';
import { environmentOf } from './environment.ts';
import { type Verb, type VerbCall, VerbError } from './interface.ts';
import { environmentWord } from './option-values.ts';
import { DETACH_KEYS, noTerminal } from './run.ts';

export const exec: Verb = {
  usage: 'CONTAINER COMMAND [ARG...]',
  description: 'Execute a command in a running container',
  flags: [
    bool('d, detach', 'Detached mode: run command in the background'),
    DETACH_KEYS,
    list('e, env', 'Set environment variables', { check: problemOfWord }),
    list('env-file', 'Read in a file of environment variables'),
    bool('i, interactive', 'Keep STDIN open even if not attached'),
    bool('privileged', 'Give extended privileges to the command'),
    bool('t, tty', 'Allocate a pseudo-TTY'),
    text('u, user', 'Username or UID (format: "<name|uid>[:<group|gid>]")'),
    text('w, workdir', 'Working directory inside the container'),
  ],
  args: [2],
  isCommandLine: true,
  async run(call) {
    const { api, flags, context } = call;
    const [isDetached, isTerminal] = [flags.bool('detach'), flags.bool('tty')];
    if (!isDetached && isTerminal && flags.bool('interactive') && !context.stdin.isTTY) throw noTerminal();
    const id = await createExec(call);
    if (isDetached) {
      await api.act({ path: `/exec/${id}/start`, json: { Detach: true, Tty: isTerminal } });
      return;
    }
    call.exitCode = await joinExec(call, id);
  },
};

function problemOfWord(given: string): string | undefined {
  try {
    environmentWord(given);
    return undefined;
  } catch (error) {
    if (error instanceof Error) return error.message;
    throw error;
  }
}

async function createExec({ api, flags, args, context }: VerbCall): Promise<string> {
  const [container = '', ...command] = args;
  const isDetached = flags.bool('detach');
  const { Id } = await api.json<{ readonly Id: string }>({
    method: 'POST',
    path: `/containers/${part(container)}/exec`,
    json: {
      ...{ User: flags.text('user') ?? '', Privileged: flags.bool('privileged'), Tty: flags.bool('tty') },
      ...{ AttachStdin: !isDetached && flags.bool('interactive') },
      ...{ AttachStdout: !isDetached, AttachStderr: !isDetached },
      ...{ DetachKeys: flags.text('detach-keys') ?? '', Env: await environmentOf(flags, context) },
      ...{ WorkingDir: flags.text('workdir') ?? '', Cmd: command, ...consoleSize({ flags, context }) },
    },
  });
  return Id;
}

async function joinExec(call: VerbCall, id: string): Promise<number> {
  const { api, flags, context, out } = call;
  const isTerminal = flags.bool('tty');
  const json = { Detach: false, Tty: isTerminal, ...consoleSize(call) };
  const stream = await api.hijack({ path: `/exec/${id}/start`, json });
  using _size = isTerminal ? followSize({ api, context, path: `/exec/${id}/resize` }) : undefined;
  const hasInput = flags.bool('interactive');
  const options = { context, target: out, isTerminal, hasInput, detachKeys: flags.text('detach-keys') };
  if ((await joinSession(stream, options)) === 'detached') throw new VerbError('read escape sequence');
  const { ExitCode } = await api.json<ApiExecInspect>({ path: `/exec/${id}/json` });
  return ExitCode ?? 0;
}

function consoleSize({ flags, context: { stdout } }: Pick<VerbCall, 'flags' | 'context'>) {
  return flags.bool('tty') && stdout.isTTY ? { ConsoleSize: [stdout.rows, stdout.columns] } : {};
}
