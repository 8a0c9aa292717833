import type { EngineDatabase } from '../database/open.ts';
import type { ContainerPhase } from '../database/tables.ts';
import { Container } from './container.ts';
import { type ContainerSettings, type ContainerState, FIRST_STATE } from './model.ts';

/** Containers as rows. Each call is one transaction, durable when it resolves. */
export class ContainerRows {
  readonly #database: EngineDatabase;
  readonly #onStep: (step: string) => void;

  constructor(database: EngineDatabase, onStep: (step: string) => void) {
    this.#database = database;
    this.#onStep = onStep;
  }

  async all(): Promise<readonly { readonly container: Container; readonly phase: ContainerPhase }[]> {
    const rows = await this.#database.read
      .selectFrom('containers')
      .selectAll()
      .orderBy('created_at')
      .orderBy('id')
      .execute();
    return rows.map((row) => {
      const container = new Container({
        id: row.id,
        name: row.name,
        createdAt: new Date(row.created_at),
        settings: JSON.parse(row.settings) as ContainerSettings,
        state: { ...FIRST_STATE, ...(JSON.parse(row.state) as ContainerState) },
      });
      return { container, phase: row.phase };
    });
  }

  async insert(container: Container, phase: ContainerPhase): Promise<void> {
    const { id, name, settings, state, createdAt } = container;
    this.#onStep('container.insert');
    await this.#database.transaction(async (trx) => {
      await trx
        .insertInto('containers')
        .values({
          id,
          name,
          image_id: settings.imageId,
          phase,
          created_at: createdAt.getTime(),
          settings: JSON.stringify(settings),
          state: JSON.stringify(state),
        })
        .execute();
    });
  }

  /** Writes what the container is now. A row that is gone stays gone. */
  async save(container: Container): Promise<void> {
    const { id, name, settings, state } = container;
    this.#onStep('container.save');
    await this.#database.transaction(async (trx) => {
      await trx
        .updateTable('containers')
        .set({ name, settings: JSON.stringify(settings), state: JSON.stringify(state) })
        .where('id', '=', id)
        .execute();
    });
  }

  /** What was being created is there, with the settings that it has by now. */
  async complete({ id, settings }: Container): Promise<void> {
    this.#onStep('container.complete');
    await this.#database.transaction(async (trx) => {
      await trx
        .updateTable('containers')
        .set({ phase: 'whole', settings: JSON.stringify(settings) })
        .where('id', '=', id)
        .execute();
    });
  }

  async setPhase(id: string, phase: ContainerPhase): Promise<void> {
    this.#onStep(`container.${phase}`);
    await this.#database.transaction(async (trx) => {
      await trx.updateTable('containers').set({ phase }).where('id', '=', id).execute();
    });
  }

  async delete(id: string): Promise<void> {
    this.#onStep('container.delete');
    await this.#database.transaction(async (trx) => {
      await trx.deleteFrom('containers').where('id', '=', id).execute();
    });
  }
}
