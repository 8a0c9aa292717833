import type { ApiContainerInspect } from '@berth/engine';
import { isApiError } from '../client/api-error.ts';
import { proxySignals } from '../client/proxy-signals.ts';
import { followSize } from '../client/resize.ts';
import { joinSession } from '../client/session.ts';
import { waitFor } from '../client/waiting.ts';
import { bool } from '../flags/flag.ts';
import { part } from './each.ts';
import { type Verb, type VerbCall, VerbError } from './interface.ts';
import { attachTo, DETACH_KEYS, noTerminal } from './run.ts';

export const start: Verb = {
  usage: 'CONTAINER [CONTAINER...]',
  description: 'Start one or more stopped containers',
  flags: [
    bool('a, attach', 'Attach STDOUT/STDERR and forward signals'),
    DETACH_KEYS,
    bool('i, interactive', "Attach container's STDIN"),
  ],
  args: [1],
  async run(call) {
    const { flags, args } = call;
    if (!flags.bool('attach') && !flags.bool('interactive')) return await startAll(call);
    if (args.length > 1) throw new VerbError('you cannot start and attach multiple containers at once');
    call.exitCode = await startAttached(call);
  },
};

async function startAll({ api, args, out }: VerbCall): Promise<void> {
  const failed: string[] = [];
  for (const name of args) {
    try {
      await api.act({ path: `/containers/${part(name)}/start` });
      out.line(name);
    } catch (error) {
      if (!isApiError(error)) throw error;
      out.error(error);
      failed.push(name);
    }
  }
  if (failed.length > 0) throw new VerbError(`Error: failed to start containers: ${failed.join(', ')}`);
}

async function startAttached(call: VerbCall): Promise<number> {
  const { api, flags, context, out, args } = call;
  const path = `/containers/${part(args[0] ?? '')}/json`;
  const { Id, Config, HostConfig } = await api.json<ApiContainerInspect>({ path });
  const isTerminal = Config.Tty === true;
  const hasInput = flags.bool('interactive') && Config.OpenStdin === true;
  if (hasInput && isTerminal && !context.stdin.isTTY) throw noTerminal();
  using _signals = isTerminal ? undefined : proxySignals({ api, context }, Id);
  const stream = await attachTo(call, Id, { stdin: hasInput, stdout: true, stderr: true });
  using waiting = await waitFor(api, Id, HostConfig.AutoRemove === true ? 'removed' : 'next-exit');
  try {
    await api.act({ path: `/containers/${Id}/start` });
  } catch (error) {
    stream?.socket.destroy();
    throw error;
  }
  using _size = isTerminal ? followSize({ api, context, path: `/containers/${Id}/resize` }) : undefined;
  const options = { context, target: out, isTerminal, hasInput, detachKeys: flags.text('detach-keys') };
  if (stream !== undefined && (await joinSession(stream, options)) === 'detached') return 0;
  return await waiting.exitCode();
}
