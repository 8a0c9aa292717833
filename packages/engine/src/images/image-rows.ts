import type { Param } from '@berth/db';
import {
  type ChainID,
  type Digest,
  type ImageConfig,
  type ImageID,
  parseDigest,
  parseImageConfig,
} from '@berth/oci';
import type { EngineDatabase } from '../database/open.ts';
import type { StoredImage } from '../parts.ts';

/** A row of `images` without its config. */
export interface ImageRow {
  readonly id: ImageID;
  readonly chainID: ChainID | undefined;
  readonly sizeBytes: number;
  readonly createdAtMs: number | undefined;
  readonly taggedAtMs: number | undefined;
  readonly parent: ImageID | undefined;
  readonly labels: Readonly<Record<string, string>> | undefined;
}

export interface ImageName {
  /** `docker.io/library/debian`. */
  readonly repository: string;
  readonly tag: string;
}

export interface ImageDigest {
  readonly repository: string;
  readonly digest: Digest;
}

const COLUMNS = ['id', 'chain_id', 'size', 'created_at', 'tagged_at', 'parent', 'labels'] as const;
/** Parsed configs kept; an image in use is asked for again and again. */
const KEPT_CONFIGS = 256;

/** Reads of the rows of images; each is one point query or one indexed range. */
export class ImageRows {
  readonly #db: EngineDatabase;
  readonly #configs = new Map<ImageID, ImageConfig>();
  readonly #row: (params: { id: string }) => Promise<readonly RawRow[]>;
  readonly #byName: (params: { repository: string; tag: string }) => Promise<readonly { image_id: string }[]>;
  readonly #byDigest: (params: {
    repository: string;
    digest: string;
  }) => Promise<readonly { image_id: string }[]>;
  readonly #config: (params: { id: string }) => Promise<readonly { config: Uint8Array }[]>;

  constructor(db: EngineDatabase) {
    this.#db = db;
    this.#row = db.prepare((query, param: Param<{ id: string }>) =>
      query.selectFrom('images').select(COLUMNS).where('id', '=', param('id')),
    );
    this.#byName = db.prepare((query, param: Param<{ repository: string; tag: string }>) =>
      query
        .selectFrom('image_names')
        .select('image_id')
        .where('repository', '=', param('repository'))
        .where('tag', '=', param('tag')),
    );
    this.#byDigest = db.prepare((query, param: Param<{ repository: string; digest: string }>) =>
      query
        .selectFrom('image_digests')
        .select('image_id')
        .where('repository', '=', param('repository'))
        .where('digest', '=', param('digest')),
    );
    this.#config = db.prepare((query, param: Param<{ id: string }>) =>
      query.selectFrom('images').select('config').where('id', '=', param('id')),
    );
  }

  async row(id: string): Promise<ImageRow | undefined> {
    const [found] = await this.#row({ id });
    return found === undefined ? undefined : toRow(found);
  }

  async all(): Promise<readonly ImageRow[]> {
    const found = await this.#db.read.selectFrom('images').select(COLUMNS).execute();
    return found.map(toRow);
  }

  async byName(name: ImageName): Promise<ImageID | undefined> {
    const [found] = await this.#byName({ ...name });
    return found === undefined ? undefined : imageID(found.image_id);
  }

  async byDigest(name: ImageDigest): Promise<ImageID | undefined> {
    const [found] = await this.#byDigest({ ...name });
    return found === undefined ? undefined : imageID(found.image_id);
  }

  /** At most two ids that begin with `prefix` (with `sha256:`). */
  async beginningWith(prefix: string): Promise<readonly ImageID[]> {
    const found = await this.#db.read
      .selectFrom('images')
      .select('id')
      .where('id', '>=', prefix)
      // 'g' is the first letter after the hexadecimal digits.
      .where('id', '<', `${prefix}g`)
      .limit(2)
      .execute();
    return found.map(({ id }) => imageID(id));
  }

  /** Exactly the bytes that the id is over. */
  async configBytes(id: ImageID): Promise<Uint8Array | undefined> {
    const [found] = await this.#config({ id });
    return found?.config;
  }

  async stored(id: ImageID): Promise<StoredImage | undefined> {
    const row = await this.row(id);
    const config = row === undefined ? undefined : await this.config(id);
    if (row === undefined || config === undefined) return undefined;
    return {
      id,
      config,
      chainID: row.chainID,
      sizeBytes: row.sizeBytes,
      createdAt: new Date(row.createdAtMs ?? 0),
    };
  }

  async config(id: ImageID): Promise<ImageConfig | undefined> {
    const known = this.#configs.get(id);
    if (known !== undefined) return known;
    const bytes = await this.configBytes(id);
    if (bytes === undefined) return undefined;
    const config = parseImageConfig(bytes);
    const [oldest] = this.#configs.keys();
    if (this.#configs.size >= KEPT_CONFIGS && oldest !== undefined) this.#configs.delete(oldest);
    this.#configs.set(id, config);
    return config;
  }

  async namesOf(id: ImageID): Promise<readonly ImageName[]> {
    return this.#db.read
      .selectFrom('image_names')
      .select(['repository', 'tag'])
      .where('image_id', '=', id)
      .orderBy('repository')
      .orderBy('tag')
      .execute();
  }

  async digestsOf(id: ImageID): Promise<readonly ImageDigest[]> {
    const found = await this.#db.read
      .selectFrom('image_digests')
      .select(['repository', 'digest'])
      .where('image_id', '=', id)
      .orderBy('repository')
      .orderBy('digest')
      .execute();
    return found.map(({ repository, digest }) => ({ repository, digest: parseDigest(digest) }));
  }

  async tagsOf(repository: string): Promise<readonly { readonly tag: string; readonly id: ImageID }[]> {
    const found = await this.#db.read
      .selectFrom('image_names')
      .select(['tag', 'image_id'])
      .where('repository', '=', repository)
      .orderBy('tag')
      .execute();
    return found.map(({ tag, image_id }) => ({ tag, id: imageID(image_id) }));
  }

  async childrenOf(id: ImageID): Promise<readonly ImageID[]> {
    const found = await this.#db.read
      .selectFrom('images')
      .select('id')
      .where('parent', '=', id)
      .orderBy('id')
      .execute();
    return found.map((row) => imageID(row.id));
  }

  /** Every name and digest there is, by image: for lists. */
  async allReferences(): Promise<ReadonlyMap<ImageID, References>> {
    const names = await this.#db.read.selectFrom('image_names').selectAll().orderBy('tag').execute();
    const digests = await this.#db.read.selectFrom('image_digests').selectAll().execute();
    const found = new Map<ImageID, { names: ImageName[]; digests: ImageDigest[] }>();
    const of = (text: string) => {
      const id = imageID(text);
      const known = found.get(id) ?? { names: [], digests: [] };
      found.set(id, known);
      return known;
    };
    for (const { image_id, repository, tag } of names) of(image_id).names.push({ repository, tag });
    for (const { image_id, repository, digest } of digests) {
      of(image_id).digests.push({ repository, digest: parseDigest(digest) });
    }
    return found;
  }

  /** Manifests that an image came with, for giving it on as it came. */
  async manifestsOf(
    id: ImageID,
  ): Promise<readonly { readonly digest: Digest; readonly mediaType: string; readonly bytes: Uint8Array }[]> {
    const found = await this.#db.read
      .selectFrom('image_manifests')
      .select(['digest', 'media_type', 'bytes'])
      .where('image_id', '=', id)
      .orderBy('digest')
      .execute();
    return found.map(({ digest, media_type, bytes }) => ({
      digest: parseDigest(digest),
      mediaType: media_type,
      bytes,
    }));
  }
}

export interface References {
  readonly names: readonly ImageName[];
  readonly digests: readonly ImageDigest[];
}

interface RawRow {
  readonly id: string;
  readonly chain_id: string | null;
  readonly size: number;
  readonly created_at: number | null;
  readonly tagged_at: number | null;
  readonly parent: string | null;
  readonly labels: string | null;
}

function toRow(raw: RawRow): ImageRow {
  return {
    id: imageID(raw.id),
    chainID: raw.chain_id === null ? undefined : (parseDigest(raw.chain_id) as ChainID),
    sizeBytes: raw.size,
    createdAtMs: raw.created_at ?? undefined,
    taggedAtMs: raw.tagged_at ?? undefined,
    parent: raw.parent === null ? undefined : imageID(raw.parent),
    labels: raw.labels === null ? undefined : (JSON.parse(raw.labels) as Record<string, string>),
  };
}

function imageID(text: string): ImageID {
  return parseDigest(text) as ImageID;
}
