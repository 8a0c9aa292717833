import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Sandbox } from '../interface.ts';

/** One container's networks, as they were made. */
export interface SandboxRecord {
  readonly version: 1;
  /** Of the boot it was made in: what the kernel had then is gone in another. */
  readonly bootId: string;
  readonly containerId: string;
  readonly network: 'bridge' | 'host' | 'none';
  readonly sandbox: Sandbox;
  /** Name of the bridge's end of the wire. */
  readonly linkName: string | undefined;
}

/**
 * One JSON file per container in `<runRoot>/sandboxes/`. It appears by a rename after the kernel has the sandbox and goes before the
 * kernel loses it, so what is in the kernel and in no file is a leftover. Nothing is synced: the files need to outlive this
 * process and not the kernel, whose state they describe.
 */
export class SandboxRecords {
  readonly bootId: string;
  readonly #folder: string;
  readonly #records = new Map<string, SandboxRecord>();

  constructor(folder: string) {
    this.#folder = folder;
    this.bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    for (const name of readdirSync(folder)) {
      const record = this.#read(name);
      if (record === undefined) rmSync(join(folder, name), { force: true });
      else this.#records.set(record.containerId, record);
    }
  }

  all(): readonly SandboxRecord[] {
    return [...this.#records.values()];
  }

  get(containerId: string): SandboxRecord | undefined {
    return this.#records.get(containerId);
  }

  put(record: SandboxRecord): void {
    const path = this.#pathOf(record.containerId);
    writeFileSync(`${path}.new`, `${JSON.stringify(record)}\n`, { mode: 0o600 });
    renameSync(`${path}.new`, path);
    this.#records.set(record.containerId, record);
  }

  /** Idempotent. */
  delete(containerId: string): void {
    rmSync(this.#pathOf(containerId), { force: true });
    this.#records.delete(containerId);
  }

  #pathOf(containerId: string): string {
    return join(this.#folder, `${containerId}.json`);
  }

  /** @returns `undefined` for what was cut, is of an earlier boot, or is not ours */
  #read(name: string): SandboxRecord | undefined {
    if (!name.endsWith('.json')) return undefined;
    try {
      const record: SandboxRecord = JSON.parse(readFileSync(join(this.#folder, name), 'utf8'));
      const isOurs =
        record.version === 1 && record.bootId === this.bootId && `${record.containerId}.json` === name;
      return isOurs ? record : undefined;
    } catch (error) {
      if (error instanceof SyntaxError) return undefined;
      throw error;
    }
  }
}
