import type { Param } from '@berth/db';
import type { EngineDatabase } from '../database/open.ts';
import type { VolumesTable } from './tables.ts';
import type { VolumeOptions } from './volume-options.ts';

export type Labels = Readonly<Record<string, string>>;

export interface VolumeRow {
  readonly name: string;
  readonly createdAt: Date;
  readonly labels: Labels | undefined;
  readonly options: VolumeOptions | undefined;
  readonly isAnonymous: boolean;
  readonly phase: VolumesTable['phase'];
  readonly fill: VolumesTable['fill'];
}

export class VolumeRows {
  readonly #db: EngineDatabase;
  readonly #find: (params: { name: string }) => Promise<readonly VolumesTable[]>;

  constructor(db: EngineDatabase) {
    this.#db = db;
    this.#find = db.prepare((query, param: Param<{ name: string }>) =>
      query.selectFrom('volumes').selectAll().where('name', '=', param('name')),
    );
  }

  async find(name: string): Promise<VolumeRow | undefined> {
    const [row] = await this.#find({ name });
    return row === undefined ? undefined : toRow(row);
  }

  /** Volumes as users see them, by name. */
  async whole(): Promise<readonly VolumeRow[]> {
    const rows = await this.#db.read
      .selectFrom('volumes')
      .selectAll()
      .where('phase', '=', 'whole')
      .orderBy('name')
      .execute();
    return rows.map(toRow);
  }

  /** What a crash left in the middle of something. */
  async unfinished(): Promise<readonly VolumeRow[]> {
    const rows = await this.#db.read
      .selectFrom('volumes')
      .selectAll()
      .where((where) => where.or([where('phase', '=', 'removing'), where('fill', '=', 'moving')]))
      .execute();
    return rows.map(toRow);
  }

  async insert(row: Omit<VolumeRow, 'createdAt' | 'phase' | 'fill'>): Promise<VolumeRow> {
    const createdAt = this.#db.now();
    await this.#db.transaction(async (trx) => {
      await trx
        .insertInto('volumes')
        .values({
          name: row.name,
          created_at: createdAt.getTime(),
          labels: row.labels === undefined ? null : JSON.stringify(row.labels),
          options: row.options === undefined ? null : JSON.stringify(row.options),
          is_anonymous: row.isAnonymous ? 1 : 0,
          phase: 'whole',
          fill: 'none',
        })
        .execute();
    });
    return { ...row, createdAt, phase: 'whole', fill: 'none' };
  }

  async setFill(name: string, fill: VolumesTable['fill']): Promise<void> {
    await this.#db.transaction(async (trx) => {
      await trx.updateTable('volumes').set({ fill }).where('name', '=', name).execute();
    });
  }

  async setRemoving(name: string): Promise<void> {
    await this.#db.transaction(async (trx) => {
      await trx.updateTable('volumes').set({ phase: 'removing' }).where('name', '=', name).execute();
    });
  }

  async remove(name: string): Promise<void> {
    await this.#db.transaction(async (trx) => {
      await trx.deleteFrom('volumes').where('name', '=', name).execute();
    });
  }
}

function toRow(row: VolumesTable): VolumeRow {
  return {
    name: row.name,
    createdAt: new Date(row.created_at),
    labels: row.labels === null ? undefined : (JSON.parse(row.labels) as Labels),
    options: row.options === null ? undefined : (JSON.parse(row.options) as VolumeOptions),
    isAnonymous: row.is_anonymous === 1,
    phase: row.phase,
    fill: row.fill,
  };
}
