import type { CliContext } from '../../context.ts';
import type { EngineClient } from './engine-client.ts';

/** Sends every signal that this command gets to a container, in their order, until it is disposed of. */
export function proxySignals(
  { api, context }: { readonly api: EngineClient; readonly context: CliContext },
  id: string,
): Disposable {
  let last: Promise<unknown> = Promise.resolve();
  return context.takeSignals((name) => {
    const kill = () => api.act({ path: `/containers/${id}/kill`, query: { signal: name } });
    // A container that has ended already wants no signal.
    last = last.then(kill).catch(() => {});
  });
}
