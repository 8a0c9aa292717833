import { HeldFileSystem } from '@berth/linux';

/** A layer of so many bytes is begun to be written to the disk while others are still unpacked. */
const LARGE_BYTES = 32 * 1024 * 1024;

export interface AheadTurn {
  isTaken: boolean;
}

/**
 * Makes durable what the layers of one call wrote. Open from before they write: so the kernel tells it of each write that was lost
 * since, whoever else syncs. What was lost it does not say: then all of them fail.
 */
export class DiskSync implements AsyncDisposable {
  readonly #held: readonly HeldFileSystem[];
  readonly #stack: DisposableStack;
  readonly #turn: AheadTurn;
  #failure: { readonly error: unknown } | undefined;
  #ahead: Promise<void> | undefined;

  /**
   * @param folders each in another file system
   * @param turn shared by those of one store: a sync holds a thread of the pool, so one of them looks ahead at a time
   */
  constructor(folders: readonly string[], turn: AheadTurn = { isTaken: false }) {
    using stack = new DisposableStack();
    this.#held = folders.map((folder) => stack.use(HeldFileSystem.open(folder)));
    this.#stack = stack.move();
    this.#turn = turn;
  }

  /** What was written before is on the disk when it resolves. @throws {LinuxError} `EIO` also for an earlier one that failed */
  async sync(): Promise<void> {
    await this.#sync();
    // The kernel tells each failure once: of two that run side by side the other may have been told.
    await this.#ahead;
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Has the disk begin on what a large layer wrote, so that the sync before its commit finds less to do. */
  ahead(writtenBytes: number): void {
    if (writtenBytes < LARGE_BYTES || this.#turn.isTaken) return;
    this.#turn.isTaken = true;
    this.#ahead = this.#sync().then(() => {
      this.#turn.isTaken = false;
      this.#ahead = undefined;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ahead;
    this.#stack.dispose();
  }

  async #sync(): Promise<void> {
    for (const held of this.#held) {
      try {
        await held.sync();
      } catch (error) {
        this.#failure ??= { error };
      }
    }
  }
}
