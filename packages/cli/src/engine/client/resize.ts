import type { CliContext } from '../../context.ts';
import type { EngineClient } from './engine-client.ts';

export interface ResizeOptions {
  readonly api: EngineClient;
  readonly context: CliContext;
  /** `/containers/x/resize`, `/exec/x/resize`. */
  readonly path: string;
  /** Another size first: a program that is running paints anew only when the size changes. */
  readonly repaints?: boolean;
}

/** Keeps a process's terminal as large as this one. Failing is of no account: the process may have ended. */
export function followSize({ api, context, path, repaints = false }: ResizeOptions): Disposable {
  const { stdout } = context;
  if (!stdout.isTTY) return { [Symbol.dispose]: () => {} };
  let last = Promise.resolve();
  const resize = (more: number): void => {
    const query = { h: stdout.rows + more, w: stdout.columns + more };
    last = last.then(() => api.act({ path, query })).then(ignore, ignore);
  };
  const onResize = () => resize(0);
  if (repaints) resize(1);
  resize(0);
  stdout.on('resize', onResize);
  return { [Symbol.dispose]: () => void stdout.off('resize', onResize) };
}

function ignore(): void {}
