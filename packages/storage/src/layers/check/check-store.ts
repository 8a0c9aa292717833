import { rm } from 'node:fs/promises';
import { hasCode } from '@berth/errors';
import { isFile } from '../../drivers/home.ts';
import type { DriverProblem, LayerKey } from '../../drivers/interface.ts';
import type { ImageLayers } from '../image-layers.ts';
import type { InitLayers } from '../init-layers.ts';
import type { CallOptions, StorageProblem } from '../interface.ts';
import type { StoreParts } from '../parts.ts';
import type { LayerRow } from '../rows.ts';
import { strayTarSplits } from '../usage.ts';
import { findChanges } from './find-changes.ts';

export interface CheckStoreOptions {
  readonly parts: StoreParts;
  readonly images: ImageLayers;
  readonly inits: InitLayers;
  readonly options: CallOptions & { readonly deep?: boolean; readonly repair?: boolean };
}

/** So many differences of a layer are told. */
const SHOWN = 5;

const PULL_AGAIN = 'remove the images that have it (docker rmi -f) and pull them again';

/** Holds rows against disk. @see LayerStore.check */
export async function checkStore(options: CheckStoreOptions): Promise<readonly StorageProblem[]> {
  return [...(await checkDatabase(options.parts)), ...(await new StoreCheck(options).run())];
}

async function checkDatabase({ rows }: StoreParts): Promise<readonly StorageProblem[]> {
  const sentences = await rows.database.integrityCheck();
  return sentences.map((detail) => ({
    problem: 'database-damaged',
    subject: 'storage.db',
    detail,
    isRepaired: false,
  }));
}

class StoreCheck {
  readonly #parts: StoreParts;
  readonly #images: ImageLayers;
  readonly #inits: InitLayers;
  readonly #signal: AbortSignal | undefined;
  readonly #isDeep: boolean;
  readonly #isRepairing: boolean;
  readonly #problems: StorageProblem[] = [];

  constructor({ parts, images, inits, options }: CheckStoreOptions) {
    this.#parts = parts;
    this.#images = images;
    this.#inits = inits;
    this.#signal = options.signal;
    this.#isDeep = options.deep ?? false;
    this.#isRepairing = options.repair ?? false;
  }

  async run(): Promise<readonly StorageProblem[]> {
    const { rows, driver } = this.#parts;
    // The disk first: what is made meanwhile then has a row or an intent, and is no orphan.
    const found = await driver.list();
    const strays = await this.#strayFiles();
    const [layers, inits, containers] = [
      await rows.allLayers(),
      await rows.allInits(),
      await rows.allContainers(),
    ];
    const stacks = new Map(layers.map((row) => [row.chainID, row]));
    const below = (parent: LayerRow['parent']): readonly LayerKey[] => {
      const keys: LayerKey[] = [];
      for (let at = parent; at !== undefined; ) {
        const row = stacks.get(at);
        if (row !== undefined) keys.push(row.key);
        at = row?.parent;
      }
      return keys;
    };

    for (const row of layers) await this.#checkLayer(row, below(row.parent));
    for (const { key, parent } of inits) await this.#checkInit({ key, parent, parents: below(parent) });
    for (const row of containers) {
      await this.#checkContainer(row.name, row.key, [row.initKey, ...below(row.parent)]);
    }
    const claimed = new Set<string>([...layers, ...inits, ...containers].map(({ key }) => key));
    for (const key of await rows.allIntents()) claimed.add(key);
    for (const key of found.keys) if (!claimed.has(key)) await this.#orphan(key);
    if (found.garbage.length > 0) await this.#garbage(found.garbage);
    for (const path of strays) await this.#leftover(path, () => rm(path, { force: true }));
    return this.#problems;
  }

  async #checkLayer(row: LayerRow, parents: readonly LayerKey[]): Promise<void> {
    this.#signal?.throwIfAborted();
    const { driver } = this.#parts;
    const subject = row.chainID;
    const problems = await driver.check(row.key, parents);
    // Removed meanwhile: rows go first, so that it is nobody's problem any more.
    if (problems.length > 0 && (await this.#parts.rows.layer(row.chainID)) === undefined) return;
    for (const problem of problems) await this.#driverProblem(problem, { subject, parents });
    if (problems.some(({ isRepairable }) => !isRepairable)) return;
    const tarSplit = this.#parts.tarSplitPath(row.key);
    if (!(await isFile(tarSplit))) {
      const detail = `"${tarSplit}" is not there, so it cannot be pushed or saved: ${PULL_AGAIN}`;
      return this.#add('layer-incomplete', subject, detail);
    }
    if (this.#isDeep) await this.#checkBytes(row);
  }

  async #checkBytes(row: LayerRow): Promise<void> {
    const options = this.#signal === undefined ? {} : { signal: this.#signal };
    try {
      const sentences = await findChanges({ parts: this.#parts, images: this.#images, row }, options);
      if (sentences.length === 0) return;
      const more = sentences.length > SHOWN ? `, and ${sentences.length - SHOWN} more` : '';
      const detail = `${sentences.slice(0, SHOWN).join('; ')}${more}`;
      this.#add('layer-modified', row.chainID, `${detail}: ${PULL_AGAIN}`);
    } catch (error) {
      // Removed meanwhile: then it is no problem.
      if (!hasCode(error) || (await this.#parts.rows.layer(row.chainID)) === undefined) return;
      if (error.code !== 'LAYER_DAMAGED' && error.code !== 'TAR_INVALID') throw error;
      this.#add('layer-modified', row.chainID, `${error.message}: ${PULL_AGAIN}`);
    }
  }

  async #checkInit(init: {
    readonly key: LayerKey;
    readonly parent: LayerRow['parent'];
    readonly parents: readonly LayerKey[];
  }): Promise<void> {
    const { key, parent, parents } = init;
    const { driver, rows } = this.#parts;
    for (const problem of await driver.check(key, parents)) {
      if ((await rows.init(parent)) !== key) return;
      if (problem.isRepairable) await this.#driverProblem(problem, { subject: key, parents });
      else {
        const problemName = problem.problem === 'missing' ? 'layer-missing' : 'layer-incomplete';
        await this.#mend(problemName, key, problem.detail, async () => {
          await driver.remove(key);
          await this.#inits.fill(key, parent);
        });
      }
    }
  }

  async #checkContainer(name: string, key: LayerKey, parents: readonly LayerKey[]): Promise<void> {
    this.#signal?.throwIfAborted();
    for (const problem of await this.#parts.driver.check(key, parents)) {
      if ((await this.#parts.rows.container(name))?.key !== key) return;
      if (problem.problem === 'unlinked') await this.#driverProblem(problem, { subject: name, parents });
      else
        this.#add('container-layer-missing', name, `${problem.detail}: remove the container (docker rm -f)`);
    }
  }

  async #driverProblem(
    problem: DriverProblem,
    { subject, parents }: { readonly subject: string; readonly parents: readonly LayerKey[] },
  ): Promise<void> {
    const { driver } = this.#parts;
    const name = (
      {
        missing: 'layer-missing',
        incomplete: 'layer-incomplete',
        unlinked: 'layer-unlinked',
        foreign: 'layer-modified',
      } as const
    )[problem.problem];
    if (!problem.isRepairable || driver.repairLayer === undefined) {
      return this.#add(name, subject, `${problem.detail}: ${PULL_AGAIN}`);
    }
    await this.#mend(name, subject, problem.detail, () => driver.repairLayer?.(problem, parents));
  }

  async #orphan(key: LayerKey): Promise<void> {
    const { driver, mounts, tarSplitPath } = {
      driver: this.#parts.driver,
      mounts: this.#parts.mounts,
      tarSplitPath: this.#parts.tarSplitPath(key),
    };
    const detail = 'It is on disk, and the database knows nothing of it';
    await this.#mend('layer-orphaned', key, detail, async () => {
      await mounts.releaseFor(key, () => driver.remove(key));
      await rm(tarSplitPath, { force: true });
    });
  }

  async #garbage(paths: readonly string[]): Promise<void> {
    for (const path of paths) await this.#leftover(path, async () => {});
    if (this.#isRepairing) await this.#parts.driver.sweepGarbage();
  }

  async #leftover(path: string, work: () => Promise<void>): Promise<void> {
    await this.#mend('leftover', path, 'It belongs to no layer', work);
  }

  async #strayFiles(): Promise<readonly string[]> {
    const { rows } = this.#parts;
    const strays = await strayTarSplits(this.#parts, new Set());
    const known = new Set([
      ...(await rows.allLayers()).map(({ key }) => this.#parts.tarSplitPath(key)),
      ...(await rows.allIntents()).map((key) => this.#parts.tarSplitPath(key)),
    ]);
    return strays.filter((path) => !known.has(path));
  }

  async #mend(
    problem: StorageProblem['problem'],
    subject: string,
    detail: string,
    work: () => Promise<void> | undefined,
  ): Promise<void> {
    if (this.#isRepairing) await work();
    this.#add(problem, subject, detail, this.#isRepairing);
  }

  #add(problem: StorageProblem['problem'], subject: string, detail: string, isRepaired = false): void {
    this.#problems.push({ problem, subject, detail, isRepaired });
  }
}
