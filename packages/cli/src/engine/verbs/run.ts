import { isApiError } from '../client/api-error.ts';
import type { Hijacked } from '../client/engine-client.ts';
import { proxySignals } from '../client/proxy-signals.ts';
import { followSize } from '../client/resize.ts';
import { joinSession } from '../client/session.ts';
import { waitFor } from '../client/waiting.ts';
import { bool, text } from '../flags/flag.ts';
import { type CreatedContainer, createContainer, readConfig, refusal } from './create-container.ts';
import { CREATE_FLAGS } from './create-flags.ts';
import { type Verb, type VerbCall, VerbError } from './interface.ts';

export const DETACH_KEYS = text('detach-keys', 'Override the key sequence for detaching a container');

export const run: Verb = {
  usage: 'IMAGE [COMMAND] [ARG...]',
  description: 'Create and run a new container from an image',
  flags: [
    ...CREATE_FLAGS,
    bool('d, detach', 'Run container in background and print container ID'),
    DETACH_KEYS,
    bool('sig-proxy', 'Proxy received signals to the process', true),
  ],
  args: [1],
  isCommandLine: true,
  isRun: true,
  async run(call) {
    const { flags, out, api, context } = call;
    const isDetached = flags.bool('detach');
    if (isDetached && flags.has('attach')) {
      throw new VerbError('conflicting options: cannot specify both --attach and --detach');
    }
    const config = await readConfig(call, { isDetached });
    if (config.AttachStdin === true && config.Tty === true && !context.stdin.isTTY) throw noTerminal();
    const created = await createContainer(call, config);
    if (isDetached) {
      await start(call, created.id);
      out.line(created.id, { Id: created.id });
      return;
    }
    using _signals = flags.bool('sig-proxy') ? proxySignals({ api, context }, created.id) : undefined;
    call.exitCode = await runAttached(call, created);
  },
};

/** A terminal is wanted inside, and there is none outside to type on. */
export function noTerminal(): VerbError {
  return new VerbError('the input device is not a TTY');
}

/** Everything that listens does so before the container starts. @returns its exit code; 0 when the user left it */
async function runAttached(call: VerbCall, { id, config }: CreatedContainer): Promise<number> {
  const { api, flags, context, out } = call;
  const isAutoRemoved = config.HostConfig?.AutoRemove === true;
  const isTerminal = config.Tty === true;
  const stream = await attachTo(call, id, {
    stdin: config.AttachStdin === true,
    stdout: config.AttachStdout === true,
    stderr: config.AttachStderr === true,
  });
  using waiting = await waitFor(api, id, isAutoRemoved ? 'removed' : 'next-exit');
  try {
    await start(call, id);
  } catch (error) {
    stream?.socket.destroy();
    if (isAutoRemoved) await waiting.exitCode().catch(() => {});
    throw error;
  }
  using _size = isTerminal ? followSize({ api, context, path: `/containers/${id}/resize` }) : undefined;
  if (stream !== undefined) {
    const ended = await joinSession(stream, {
      ...{ context, target: out, isTerminal, hasInput: config.AttachStdin === true },
      detachKeys: flags.text('detach-keys'),
    });
    if (ended === 'detached') return 0;
  }
  return await waiting.exitCode();
}

export async function attachTo(
  { api, flags }: VerbCall,
  id: string,
  streams: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean },
): Promise<Hijacked | undefined> {
  if (!streams.stdin && !streams.stdout && !streams.stderr) return undefined;
  const query = { stream: true, ...streams, detachKeys: flags.text('detach-keys') };
  return await api.hijack({ path: `/containers/${id}/attach`, query });
}

/** 127: the command is not there; 126: it cannot be executed; 125: anything else. */
async function start(call: VerbCall, id: string): Promise<void> {
  try {
    await call.api.act({ path: `/containers/${id}/start` });
  } catch (error) {
    if (!isApiError(error)) throw error;
    throw refusal(call, error.words, startCode(error.message));
  }
}

function startCode(message: string): number {
  if (/executable file not found|no such file or directory|system cannot find the file/.test(message))
    return 127;
  return /permission denied|is a directory/.test(message) ? 126 : 125;
}
