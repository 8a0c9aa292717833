import { EngineError } from '../../errors.ts';
import type { Answer, Takeover } from '../server/route.ts';
import { parseDetachKeys } from '../wire/detach-keys.ts';
import { joinStreams } from '../wire/join-streams.ts';

export const attachContainer: Takeover = async ({ engine }, exchange, connection) => {
  const { query, name, signal } = exchange;
  const detachKeys = parseDetachKeys(query.text('detachKeys'));
  const wantsStdin = query.flag('stdin');
  const isStreaming = query.flag('stream');
  await using streams = await engine.containers.attach(name, {
    stdin: wantsStdin && isStreaming,
    stdout: query.flag('stdout'),
    stderr: query.flag('stderr'),
    logs: query.flag('logs'),
    stream: isStreaming,
    signal,
  });
  await joinStreams(exchange, connection, {
    streams,
    hasInput: wantsStdin && isStreaming,
    detachKeys: streams.isTerminal ? detachKeys : undefined,
    onDetach: () => engine.containers.detached(name),
  });
};

export const attachWebsocket: Answer = () => {
  throw new EngineError('NOT_IMPLEMENTED', 'attaching through a websocket is not supported', {
    hint: 'POST /containers/{id}/attach with "Upgrade: tcp" gives the same bytes',
  });
};
