import { EngineError } from '../../errors.ts';
import type { Answer } from '../server/route.ts';
import { frameHeader, streamType } from '../wire/frames.ts';
import { write } from '../wire/send-stream.ts';

export const containerLogs: Answer = async ({ engine }, exchange) => {
  const { query, res, version, signal } = exchange;
  const [stdout, stderr] = [query.flag('stdout'), query.flag('stderr')];
  if (!stdout && !stderr) {
    throw new EngineError('REQUEST_INVALID', 'Bad parameters: you must choose at least one stream');
  }
  const [since, until, tail] = [query.time('since'), query.time('until'), tailOf(query.text('tail'))];
  const { isTerminal, output } = await engine.containers.logs(exchange.name, {
    ...{ stdout, stderr, signal, follow: query.flag('follow'), timestamps: query.flag('timestamps') },
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...(tail === undefined ? {} : { tail }),
  });
  exchange.beginNow(200, { 'Content-Type': streamType({ isTerminal, version }) });
  for await (const chunk of output) {
    if (!isTerminal) res.write(frameHeader(chunk));
    if (!(await write(res, chunk.bytes))) return;
    exchange.bytesOut += chunk.bytes.byteLength;
  }
  res.end();
};

/** `all`, a negative number and what is no number are all lines, as in Docker. */
function tailOf(value: string | undefined): number | undefined {
  return value !== undefined && /^[0-9]+$/.test(value) ? Number(value) : undefined;
}
