import type { Digest } from '@berth/oci';

/** Who did it: a user name, `token:<id>`, or `system`. */
export type Actor = string;

/**
 * Everything that Berth tells about. An event is written in the same transaction as the change it tells of.
 * Events refer to repositories by immutable id; `repository` is the name at that time.
 */
export type BerthEvent =
  | {
      readonly type: 'repository.created';
      readonly repositoryId: string;
      readonly repository: string;
      readonly actor: Actor;
    }
  | {
      readonly type: 'repository.deleted';
      readonly repositoryId: string;
      readonly repository: string;
      readonly actor: Actor;
    }
  | {
      readonly type: 'manifest.pushed';
      readonly repositoryId: string;
      readonly repository: string;
      readonly digest: Digest;
      readonly mediaType: string;
      readonly size: number;
      readonly actor: Actor;
    }
  | {
      readonly type: 'manifest.deleted';
      readonly repositoryId: string;
      readonly repository: string;
      readonly digest: Digest;
      readonly actor: Actor;
    }
  | {
      readonly type: 'tag.moved';
      readonly repositoryId: string;
      readonly repository: string;
      readonly tag: string;
      readonly digest: Digest;
      /** What the tag named before; absent when it is new. */
      readonly previous?: Digest;
      readonly actor: Actor;
    }
  | {
      readonly type: 'tag.deleted';
      readonly repositoryId: string;
      readonly repository: string;
      readonly tag: string;
      readonly previous: Digest;
      readonly actor: Actor;
    }
  | { readonly type: 'user.created'; readonly user: string; readonly actor: Actor }
  | {
      readonly type: 'repository.visibility';
      readonly repositoryId: string;
      readonly repository: string;
      readonly isPrivate: boolean;
      readonly actor: Actor;
    };

export type EventType = BerthEvent['type'];

export interface EventRecord {
  /** Grows; gaps are possible, reuse is not. */
  readonly seq: number;
  /** Never earlier than the record before it, also when the clock went backwards. */
  readonly at: Date;
  readonly event: BerthEvent;
}
