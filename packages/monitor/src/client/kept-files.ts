import { closeSync, fstatSync, statSync } from 'node:fs';
import { hasCode } from '@berth/errors';
import { duplicateFd, openPidfd } from '@berth/linux/supervision';
import { containerPaths, execPaths, type MonitorPaths } from '../paths.ts';
import type { KeptDescriptor, ProcessDescriptors, ProcessName } from '../protocol/messages.ts';

/**
 * Copies of what the monitor has open for its processes, so that nothing is lost when it is killed: a terminal would hang
 * up, an input would end, and output that lies in a FIFO would go with its last reader.
 */
export class KeptFiles implements Disposable {
  readonly #paths: MonitorPaths;
  readonly #kept = new Map<string, { readonly name: ProcessName; readonly descriptors: KeptDescriptor[] }>();
  #monitor: { readonly pid: number; readonly pidfd: number } | undefined;

  constructor(paths: MonitorPaths) {
    this.#paths = paths;
  }

  /** From now on copies are of this monitor's files. */
  follow(pid: number): void {
    if (this.#monitor !== undefined) closeSync(this.#monitor.pidfd);
    this.#monitor = { pid, pidfd: openPidfd(pid) };
  }

  /** Instead of what was kept of the process before. What cannot be copied is gone already, and not needed. */
  keep(name: ProcessName, descriptors: readonly KeptDescriptor[]): void {
    this.drop(name);
    const copies: KeptDescriptor[] = [];
    for (const { role, fd } of descriptors) {
      const copy = this.#copy(fd);
      if (copy === undefined) continue;
      if (this.#isMeant(name, role, copy)) copies.push({ role, fd: copy });
      else closeSync(copy);
    }
    if (copies.length > 0) this.#kept.set(keyOf(name), { name, descriptors: copies });
  }

  /** The process has ended, or its input has. */
  drop(name: ProcessName): void {
    const key = keyOf(name);
    for (const { fd } of this.#kept.get(key)?.descriptors ?? []) closeSync(fd);
    this.#kept.delete(key);
  }

  /** An end of input is one only when nobody has it open any more. */
  dropInput(name: ProcessName): void {
    const kept = this.#kept.get(keyOf(name));
    const at = kept?.descriptors.findIndex(({ role }) => role === 'stdin') ?? -1;
    if (at === -1) return;
    for (const { fd } of kept?.descriptors.splice(at, 1) ?? []) closeSync(fd);
  }

  all(): ProcessDescriptors[] {
    return [...this.#kept.values()].map(({ name, descriptors }) => ({ ...name, descriptors }));
  }

  [Symbol.dispose](): void {
    for (const { name } of this.#kept.values()) this.drop(name);
    if (this.#monitor !== undefined) closeSync(this.#monitor.pidfd);
    this.#monitor = undefined;
  }

  #copy(fd: number): number | undefined {
    if (this.#monitor === undefined) return undefined;
    try {
      return duplicateFd(this.#monitor.pidfd, fd);
    } catch (error) {
      if (hasCode(error) && (error.code === 'EBADF' || error.code === 'ESRCH')) return undefined;
      throw error;
    }
  }

  /** Numbers are used again: a FIFO must be the one at its path. */
  #isMeant(name: ProcessName, role: KeptDescriptor['role'], copy: number): boolean {
    if (role === 'terminal') return fstatSync(copy).isCharacterDevice();
    const { id, execId } = name;
    const files = execId === undefined ? containerPaths(this.#paths, id) : execPaths(this.#paths, id, execId);
    const there = statSync(files[role], { throwIfNoEntry: false, bigint: true });
    const ours = fstatSync(copy, { bigint: true });
    return there !== undefined && there.ino === ours.ino && there.dev === ours.dev;
  }
}

function keyOf({ id, execId }: ProcessName): string {
  return `${id}\n${execId ?? ''}`;
}
