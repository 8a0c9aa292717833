/**
 * Classes of meaning. Every code of every package belongs to one of them; an edge (HTTP, exit code) maps the
 * class and never the code.
 */
export type ErrorClass =
  /** The caller's value is wrong, whatever the state of the system. */
  | 'invalidArgument'
  /** A body or list is larger than a stated limit. */
  | 'tooLarge'
  /** A byte range or offset that the thing does not have. */
  | 'outOfRange'
  | 'notFound'
  /** It exists already, or somebody else changed it first. */
  | 'conflict'
  /** The call is right, but not in this state (a newer data folder, a taken port). */
  | 'failedPrecondition'
  /** Who is calling is not known. */
  | 'unauthenticated'
  /** Who is calling is known and may not. */
  | 'denied'
  /** Disk full, quota reached, too many requests. */
  | 'resourceExhausted'
  | 'unsupported'
  /** The other side or a resource does not answer now; the same call may succeed later. */
  | 'unavailable'
  /** Stored bytes are not what they must be. */
  | 'dataLoss'
  | 'cancelled'
  /** A fault of ours. */
  | 'internal';

/** One row of a package's table of error codes. The table also makes the docs. */
export interface ErrorEntry {
  readonly class: ErrorClass;
  /** One sentence for the documentation: when this code is given. */
  readonly description: string;
}

export type ErrorTable = Readonly<Record<string, ErrorEntry>>;
