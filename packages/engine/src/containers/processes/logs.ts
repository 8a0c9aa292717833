import type { OutputChunk } from '@berth/monitor';
import { type LogEntry, readLogs } from '@berth/runtime';
import { containerPaths } from '../../data/paths.ts';
import { EngineError } from '../../errors.ts';
import type { Container } from '../container.ts';
import type { ContainersContext } from '../context.ts';

const LINE_FEED = 10;

export interface LogOptions {
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly follow?: boolean | undefined;
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
  /** Lines; −1 and `undefined`: all. */
  readonly tail?: number | undefined;
  readonly timestamps?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** @throws {EngineError} `LOGS_UNREADABLE` */
export function containerLogs(
  context: ContainersContext,
  container: Container,
  options: LogOptions,
): { readonly isTerminal: boolean; readonly output: AsyncIterable<OutputChunk> } {
  const { config, hostConfig } = container.settings;
  if (hostConfig.LogConfig?.Type === 'none') {
    throw new EngineError('LOGS_UNREADABLE', 'configured logging driver does not support reading');
  }
  return {
    isTerminal: config.Tty === true,
    output: chunks(readEntries(context, container, options), options),
  };
}

async function* readEntries(
  context: ContainersContext,
  container: Container,
  options: LogOptions,
): AsyncGenerator<LogEntry, void, undefined> {
  const { since, until, tail, signal } = options;
  // As with Docker: there is nothing to follow where nothing runs.
  const follow = options.follow === true && container.isActive && !container.isGone;
  const ended = new AbortController();
  const end = follow ? container.waitFor('stopped') : undefined;
  end?.promise.then(() => ended.abort());
  const onClosing = () => ended.abort();
  context.closing.addEventListener('abort', onClosing);
  try {
    yield* readLogs({
      path: containerPaths(context.paths, container.id).log,
      follow,
      ended: ended.signal,
      ...(since === undefined ? {} : { since }),
      ...(until === undefined ? {} : { until }),
      ...(tail === undefined || tail < 0 ? {} : { tail }),
      ...(signal === undefined ? {} : { signal }),
    });
  } finally {
    context.closing.removeEventListener('abort', onClosing);
    end?.cancel();
  }
}

/** A timestamp stands before each line, not before each part of a long one. */
async function* chunks(
  entries: AsyncIterable<LogEntry>,
  options: LogOptions,
): AsyncGenerator<OutputChunk, void, undefined> {
  const isMidLine = { stdout: false, stderr: false };
  for await (const { stream, time, bytes } of entries) {
    if (!(stream === 'stdout' ? options.stdout : options.stderr)) continue;
    const needsTime = options.timestamps === true && !isMidLine[stream];
    isMidLine[stream] = bytes.at(-1) !== LINE_FEED;
    yield { stream, bytes: needsTime ? Buffer.concat([Buffer.from(`${time} `), bytes]) : bytes };
  }
}
