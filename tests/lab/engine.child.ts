/** Opens an engine and serves it until it is told to stop. Run by `lab/engine.ts`; prints one line when it is ready. */
import { type OpenEngineOptions, openEngine, serveEngine } from '@berth/engine';

const { socketPath, tcp, ...options } = JSON.parse(process.argv[2] ?? '{}') as OpenEngineOptions & {
  readonly socketPath: string;
  readonly tcp?: string;
};
const onFault = (error: unknown, what: string): void => {
  console.error(`fault: ${what}:`, error);
};

const stopped = new Promise<void>((resolve) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
});
const startedAt = performance.now();
{
  await using engine = await openEngine({ ...options, onFault });
  await using server = await serveEngine(engine, {
    ...{ socketPath, onFault },
    ...(tcp === undefined ? {} : { tcp }),
  });
  const { address, tcpAddress } = server;
  console.log(
    JSON.stringify({ address, tcpAddress, pid: process.pid, startMs: performance.now() - startedAt }),
  );
  await stopped;
}
