import { constants } from 'node:os';
import type { Kernel } from '../netlink/kernel.ts';
import {
  changeElements,
  deleteTable,
  getGeneration,
  listChains,
  listElements,
  listRules,
  type PortElement,
  readChain,
  readElements,
  readGeneration,
} from '../netlink/nft-messages.ts';
import { closeForeignChains, openForeignChains } from './foreign-forward.ts';
import { closeLegacyForward, openLegacyForward } from './legacy-forward.ts';
import { PORT_MAPS, replaceTable, type TableOptions, tableOf } from './table.ts';

const { EBUSY, EEXIST, ENOENT } = constants.errno;

const NEVER = -2;

/** What the table should be at this moment. */
export type Wanted = () => { readonly options: TableOptions; readonly elements: readonly PortElement[] };

/**
 * Keeps the kernel's rules as they should be. A published port is one element added or deleted; whenever that does not fit what is
 * there, the whole table is replaced. Each of these is one transaction, so a packet meets the old rules or the new ones.
 */
export class Firewall {
  readonly #kernel: Kernel;
  readonly #bridgeName: string;
  readonly #wanted: Wanted;
  /** The kernel's count of changes by anybody, as of the last look. */
  #generation = NEVER;

  constructor(kernel: Kernel, options: { readonly bridgeName: string; readonly wanted: Wanted }) {
    this.#kernel = kernel;
    this.#bridgeName = options.bridgeName;
    this.#wanted = options.wanted;
  }

  /** The table as it should be, and a way through other people's firewalls. @returns what was opened in those */
  async restore(options: { readonly signal?: AbortSignal } = {}): Promise<readonly string[]> {
    await this.replace();
    const opened = await openForeignChains(this.#kernel, this.#bridgeName);
    const legacy = await openLegacyForward(this.#bridgeName, options);
    // Somebody may have come between: the next look is a thorough one.
    this.#generation = NEVER;
    return legacy === undefined ? opened : [...opened, legacy];
  }

  async replace(): Promise<void> {
    const { options, elements } = this.#wanted();
    await this.#change(() =>
      this.#kernel.transact(replaceTable(options, elements), { what: 'set the rules of containers' }),
    );
  }

  async add(elements: readonly PortElement[]): Promise<void> {
    await this.#changeElements('add', elements);
  }

  /** Idempotent. */
  async delete(elements: readonly PortElement[]): Promise<void> {
    await this.#changeElements('delete', elements);
  }

  /**
   * Looks whether somebody has changed our rules or closed the way (`nft flush ruleset`, a firewall or Docker that starts), and
   * puts it right. Costs one small question to the kernel when nobody changed anything.
   *
   * @returns what was put right
   */
  async check(): Promise<readonly string[]> {
    const generation = this.#readGeneration();
    if (generation === this.#generation) return [];
    const mended: string[] = [];
    if (!this.#isIntact()) {
      await this.replace();
      mended.push(`Rules of "${this.#bridgeName}" were changed by somebody, and are set again`);
    }
    for (const chain of await openForeignChains(this.#kernel, this.#bridgeName)) {
      mended.push(`Chain "${chain}" let no container through, and is opened for "${this.#bridgeName}"`);
    }
    this.#generation = mended.length === 0 ? generation : NEVER;
    return mended;
  }

  /** All that is ours in the kernel's rules goes. Idempotent. */
  async remove(): Promise<void> {
    await closeForeignChains(this.#kernel, this.#bridgeName);
    await closeLegacyForward(this.#bridgeName);
    await this.#kernel.transact([deleteTable(tableOf(this.#bridgeName))], {
      what: 'remove the rules of containers',
      allow: [ENOENT],
    });
  }

  async #changeElements(change: 'add' | 'delete', elements: readonly PortElement[]): Promise<void> {
    if (elements.length === 0) return;
    const requests = changeElements(tableOf(this.#bridgeName), { change, elements });
    const allow = [ENOENT, EEXIST, EBUSY];
    const errno = await this.#change(() =>
      this.#kernel.transact(requests, { what: `${change} published ports`, allow }),
    );
    if (errno !== 0) await this.replace();
  }

  /** A change of our own is none to look at later, unless somebody else's came between. */
  async #change<T>(run: () => Promise<T>): Promise<T> {
    const result = await run();
    const now = this.#readGeneration();
    if (now === this.#generation + 1) this.#generation = now;
    return result;
  }

  #readGeneration(): number {
    const [reply] = this.#kernel.askNetfilter(getGeneration());
    return reply === undefined ? 0 : readGeneration(reply);
  }

  #isIntact(): boolean {
    const { options, elements } = this.#wanted();
    const table = tableOf(this.#bridgeName);
    const wantedRules = countRules(options);
    const chains = this.#kernel
      .askNetfilter(listChains())
      .map(readChain)
      .filter((chain) => chain.table.name === table.name && chain.table.family === table.family);
    if (chains.length === 0) return false;
    const rules = chains.flatMap((chain) => this.#kernel.askNetfilter(listRules(table, chain.name)));
    if (rules.length !== wantedRules) return false;
    const there = PORT_MAPS.flatMap((map) =>
      this.#kernel.askNetfilter(listElements(table, map)).flatMap((reply) => readElements(map, reply)),
    );
    const wanted = new Set(elements.map(nameOf));
    return there.length === wanted.size && there.every((element) => wanted.has(nameOf(element)));
  }
}

function countRules(options: TableOptions): number {
  const NEW_RULE = 0x0a06;
  return replaceTable(options, []).filter((request) => request.type === NEW_RULE).length;
}

function nameOf({ map, key, value }: PortElement): string {
  return `${map} ${key.toString('hex')} ${value.toString('hex')}`;
}
