import { closeSync, constants, openSync, readSync } from 'node:fs';
import { libc } from './libc.ts';

/**
 * What the kernel logs from now on. Some file systems tell the reason of a failed mount only there.
 * Where the log may not be read (`dmesg_restrict` without CAP_SYSLOG, no /dev/kmsg) it stays silent.
 */
export class KernelLog implements Disposable {
  readonly #fd: number | undefined;

  private constructor(fd: number | undefined) {
    this.#fd = fd;
  }

  static openAtEnd(): KernelLog {
    try {
      const fd = openSync('/dev/kmsg', constants.O_RDONLY | constants.O_NONBLOCK);
      libc().lseek(fd, 0, 2);
      return new KernelLog(fd);
    } catch {
      return new KernelLog(undefined);
    }
  }

  /** Lines since it was opened that begin with one of `prefixes` and a colon, without that. */
  lines(...prefixes: readonly string[]): string[] {
    const lines: string[] = [];
    const record = Buffer.alloc(8192);
    while (this.#fd !== undefined && lines.length < 8) {
      let length = 0;
      try {
        length = readSync(this.#fd, record, 0, record.length, null);
      } catch {
        break;
      }
      if (length === 0) break;
      // "6,1234,98765,-;text\n KEY=value\n"
      const [first = ''] = record.toString('utf8', 0, length).split('\n');
      const text = first.slice(first.indexOf(';') + 1);
      const prefix = prefixes.find((begin) => text.startsWith(`${begin}: `));
      if (prefix !== undefined) lines.push(text.slice(prefix.length + 2).trim());
    }
    return lines;
  }

  [Symbol.dispose](): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
  }
}
