import type { ApiContainerInspect } from '@berth/engine';
import { proxySignals } from '../client/proxy-signals.ts';
import { followSize } from '../client/resize.ts';
import { joinSession } from '../client/session.ts';
import { waitFor } from '../client/waiting.ts';
import { bool } from '../flags/flag.ts';
import { part } from './each.ts';
import { type Verb, VerbError } from './interface.ts';
import { attachTo, DETACH_KEYS, noTerminal } from './run.ts';

export const attach: Verb = {
  usage: 'CONTAINER',
  description: 'Attach local standard input, output, and error streams to a running container',
  flags: [
    DETACH_KEYS,
    bool('no-stdin', 'Do not attach STDIN'),
    bool('sig-proxy', 'Proxy all received signals to the process', true),
  ],
  args: [1, 1],
  async run(call) {
    const { api, flags, context, out } = call;
    const path = `/containers/${part(call.args[0] ?? '')}/json`;
    const { Id, State, Config } = await api.json<ApiContainerInspect>({ path });
    if (!State.Running) throw new VerbError('You cannot attach to a stopped container, start it first');
    if (State.Paused) throw new VerbError('You cannot attach to a paused container, unpause it first');
    if (State.Restarting) {
      throw new VerbError('You cannot attach to a restarting container, wait until it is running');
    }
    const isTerminal = Config.Tty === true;
    const hasInput = !flags.bool('no-stdin') && Config.OpenStdin === true;
    if (!flags.bool('no-stdin') && isTerminal && !context.stdin.isTTY) throw noTerminal();
    using _signals = flags.bool('sig-proxy') && !isTerminal ? proxySignals({ api, context }, Id) : undefined;
    using waiting = await waitFor(api, Id, 'not-running');
    const stream = await attachTo(call, Id, { stdin: hasInput, stdout: true, stderr: true });
    if (stream === undefined) return;
    using _size = isTerminal
      ? followSize({ api, context, path: `/containers/${Id}/resize`, repaints: true })
      : undefined;
    const options = { context, target: out, isTerminal, hasInput, detachKeys: flags.text('detach-keys') };
    if ((await joinSession(stream, options)) === 'detached') throw new VerbError('read escape sequence');
    call.exitCode = await waiting.exitCode();
  },
};
