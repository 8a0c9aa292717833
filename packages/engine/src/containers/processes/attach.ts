import type { AttachedStreams, OutputChunk } from '@berth/monitor';
import { EngineError } from '../../errors.ts';
import type { Container } from '../container.ts';
import type { ContainersContext } from '../context.ts';
import { refuseLeaving } from '../lifecycle/states.ts';
import { tell } from '../tell.ts';
import { containerLogs } from './logs.ts';

export interface AttachOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly logs: boolean;
  readonly stream: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Streams of init. With `logs` what it wrote before comes first; without `stream` nothing else comes. */
export async function attachContainer(
  context: ContainersContext,
  container: Container,
  options: AttachOptions,
): Promise<AttachedStreams & { readonly isTerminal: boolean }> {
  refuseLeaving(container, 'attached');
  const { status } = container.state;
  if (status === 'paused') {
    const message = `container ${container.id} is paused, unpause the container before attach`;
    throw new EngineError('CONTAINER_PAUSED', message);
  }
  if (status === 'restarting') {
    const message = `container ${container.id} is restarting, wait until the container is running`;
    throw new EngineError('CONTAINER_BUSY', message);
  }
  const isTerminal = container.settings.config.Tty === true;
  const streams = options.stream ? await connect(context, container, options) : nothing();
  tell(context.emit, container, { action: 'attach' });
  const past = options.logs
    ? containerLogs(context, container, { ...options, follow: false }).output
    : undefined;
  return {
    isTerminal,
    output: past === undefined ? streams.output : inOrder(past, streams.output),
    write: (bytes) => streams.write(bytes),
    endInput: () => streams.endInput(),
    [Symbol.asyncDispose]: () => streams[Symbol.asyncDispose](),
  };
}

/**
 * The monitor lets clients wait for a process that is not there yet, so that nothing it writes is missed. Should it not come
 * to be, somebody has to send them home: the container keeps them for that.
 */
async function connect(
  context: ContainersContext,
  container: Container,
  options: AttachOptions,
): Promise<AttachedStreams> {
  const { OpenStdin, Tty } = container.settings.config;
  return await container.mutex.run(async () => {
    const streams = await context.monitor().attach(container.id, {
      stdin: options.stdin && OpenStdin === true,
      stdout: options.stdout,
      stderr: options.stderr && Tty !== true,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    if (!container.isActive) container.waitingClients.add(streams);
    return {
      output: streams.output,
      write: (bytes) => streams.write(bytes),
      endInput: () => streams.endInput(),
      [Symbol.asyncDispose]: async () => {
        container.waitingClients.delete(streams);
        await streams[Symbol.asyncDispose]();
      },
    };
  }, options);
}

function nothing(): AttachedStreams {
  return {
    output: (async function* () {})(),
    write: async () => undefined,
    endInput: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  };
}

async function* inOrder(
  first: AsyncIterable<OutputChunk>,
  second: AsyncIterable<OutputChunk>,
): AsyncGenerator<OutputChunk, void, undefined> {
  yield* first;
  yield* second;
}
