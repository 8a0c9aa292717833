import type { Container } from '../container.ts';
import type { ContainersContext } from '../context.ts';
import { notRunning } from '../lifecycle/commands.ts';
import { refused } from '../settings/refuse.ts';
import { tell } from '../tell.ts';

interface Size {
  readonly columns: number;
  readonly rows: number;
}

export async function resizeContainer(
  context: ContainersContext,
  container: Container,
  size: Size,
): Promise<void> {
  validate(size);
  const { status } = container.state;
  if (status !== 'running' && status !== 'paused') throw notRunning(container);
  await context.monitor().resize(container.id, size);
  const attributes = { height: String(size.rows), width: String(size.columns) };
  tell(context.emit, container, { action: 'resize', attributes });
}

/** A client resizes as soon as it has started the exec, which may be before the process is there. */
export async function resizeExec(context: ContainersContext, execId: string, size: Size): Promise<void> {
  validate(size);
  const exec = context.execs.find(execId);
  const container = context.store.find(exec.containerId);
  if (exec.phase !== 'running') return;
  await context.monitor().resize(exec.containerId, { ...size, execId: exec.id });
  const attributes = { execID: exec.id, height: String(size.rows), width: String(size.columns) };
  tell(context.emit, container, { action: 'exec_resize', attributes });
}

/** unsigned short in the kernel's struct winsize. */
const LARGEST = 65_535;

function validate({ columns, rows }: Size): void {
  for (const value of [columns, rows]) {
    if (!Number.isInteger(value) || value < 0 || value > LARGEST)
      throw refused(`invalid size: ${columns}x${rows}`);
  }
}
