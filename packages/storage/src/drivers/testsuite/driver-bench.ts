import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Scratch } from '../../testing/scratch.ts';
import { ANY_PLACE, type SuitePlace } from '../../testing/suite-place.ts';
import { listTree } from '../../testing/tree-listing.ts';
import type { DiskWork } from '../disk/interface.ts';
import { openDiskWork } from '../disk/open-disk-work.ts';
import type { DriverEntry, LayerKey, StorageDriver } from '../interface.ts';
import { newLayerKey } from '../keys.ts';

/** A driver in a folder of its own, and the short ways in which the cases use it. */
export class DriverUnderTest {
  readonly home: string;
  readonly scratch: Scratch;
  readonly disk: DiskWork;
  driver: StorageDriver;
  onStep: (step: string) => void = () => {};
  readonly #reopen: () => Promise<StorageDriver>;

  constructor(given: {
    readonly home: string;
    readonly scratch: Scratch;
    readonly disk: DiskWork;
    readonly driver: StorageDriver;
    readonly reopen: (onStep: (step: string) => void) => Promise<StorageDriver>;
  }) {
    this.home = given.home;
    this.scratch = given.scratch;
    this.disk = given.disk;
    this.driver = given.driver;
    this.#reopen = () => given.reopen((step) => this.onStep(step));
  }

  /** As after a crash: nothing of the old one is closed first. */
  async reopen(): Promise<void> {
    this.driver = await this.#reopen();
  }

  /** Makes a layer on `parent` and lets `edit` change its root filesystem. */
  async layer(parent: LayerKey | undefined, edit: (root: string) => void | Promise<void> = () => {}) {
    const key = newLayerKey();
    await this.driver.create(key, { isWritable: true, ...(parent === undefined ? {} : { parent }) });
    await this.change(key, edit);
    return key;
  }

  async change(key: LayerKey, edit: (root: string) => void | Promise<void>): Promise<void> {
    const root = await this.driver.mount(key, { isReadonly: false });
    try {
      await edit(root);
    } finally {
      await this.driver.unmount(key);
    }
  }

  async look<T>(key: LayerKey, look: (root: string) => T | Promise<T>): Promise<T> {
    const root = await this.driver.mount(key, { isReadonly: true });
    try {
      return await look(root);
    } finally {
      await this.driver.unmount(key);
    }
  }

  list(key: LayerKey): Promise<readonly string[]> {
    return this.look(key, (root) => listTree(root).filter((line) => !line.startsWith('"lost+found"')));
  }
}

export interface DriverBenchOptions {
  readonly entry: DriverEntry;
  readonly driverOptions?: Readonly<Record<string, string>>;
  /** Where it works; default: anywhere. */
  readonly place?: SuitePlace | undefined;
  readonly only?: ((name: string) => boolean) | undefined;
}

export class DriverBench {
  readonly entry: DriverEntry;
  readonly place: SuitePlace;
  readonly #options: Readonly<Record<string, string>>;
  readonly #only: (name: string) => boolean;

  constructor({ entry, driverOptions = {}, place = ANY_PLACE, only = () => true }: DriverBenchOptions) {
    this.#only = only;
    this.entry = entry;
    this.place = place;
    this.#options = driverOptions;
  }

  /** A case with a fresh driver. Fails when something stays mounted; prints the tree on disk when it fails. */
  test(name: string, run: (given: DriverUnderTest, context: TestContext) => Promise<void>): void {
    if (!this.#only(name)) return;
    test(name, async (context) => {
      await using scratch = await Scratch.make(this.place);
      await using disk = openDiskWork();
      const home = join(scratch.path, this.entry.name);
      await mkdir(home);
      const open = (onStep: (step: string) => void) =>
        this.entry.open({ home, options: this.#options, disk, onStep });
      let step: (name: string) => void = () => {};
      const driver = await open((name) => step(name));
      const given = new DriverUnderTest({ home, scratch, disk, driver, reopen: open });
      step = (name) => given.onStep(name);
      try {
        await run(given, context);
      } catch (error) {
        for (const line of listTree(home).slice(0, 200)) context.diagnostic(line);
        throw error;
      }
      const mounts = scratch.mounts();
      if (mounts.length > 0) throw new Error(`Still mounted: ${mounts.join(', ')}`);
      await given.driver[Symbol.asyncDispose]();
    });
  }
}
