import { hasCode } from '@berth/errors';
import {
  type Digest,
  familiarReference,
  formatReference,
  type ParseReferenceOptions,
  parseReference,
  parseRepositoryName,
  parseTag,
  type Reference,
} from '@berth/oci';
import { EngineError } from '../errors.ts';

/** How names of images are read and shown here: as Docker does, with a default registry of one's own. */
export interface ImageNames {
  /** @throws {EngineError} `REFERENCE_INVALID` in Docker's words */
  parse(text: string, options?: { readonly defaultTag?: string }): Reference;
  /** As short as `parse` reads it back: `debian:13`. */
  familiar(reference: Reference): string;
}

export function imageNames(options: Pick<ParseReferenceOptions, 'defaultRegistry'> = {}): ImageNames {
  const { defaultRegistry } = options;
  const given = defaultRegistry === undefined ? {} : { defaultRegistry };
  return {
    parse(text, { defaultTag } = {}) {
      try {
        return parseReference(text, { ...given, ...(defaultTag === undefined ? {} : { defaultTag }) });
      } catch (error) {
        if (!hasCode(error)) throw error;
        throw new EngineError('REFERENCE_INVALID', sentence(text), {
          hint: 'Use [host[:port]/]name[:tag][@digest], as in "localhost:5000/team/app:1.0"',
          cause: error,
        });
      }
    },
    familiar: (reference) => familiarReference(reference, given),
  };
}

/** As rows have it: `docker.io/library/debian`. */
export function repositoryKey({ registry, repository }: Reference): string {
  return `${registry}/${repository}`;
}

/** The way back from a row. */
export function referenceOf(
  key: string,
  named: { readonly tag?: string; readonly digest?: Digest } = {},
): Reference {
  const slash = key.indexOf('/');
  return {
    registry: key.slice(0, slash),
    repository: parseRepositoryName(key.slice(slash + 1)),
    ...(named.tag === undefined ? {} : { tag: parseTag(named.tag) }),
    ...(named.digest === undefined ? {} : { digest: named.digest }),
  };
}

/** The same without tag and digest. */
export function bareReference({ registry, repository }: Reference): Reference {
  return { registry, repository };
}

export function fullName(reference: Reference): string {
  return formatReference(reference);
}

/** 12 hexadecimal digits, as every list shows ids. */
export function shortId(id: string): string {
  return id.slice(id.indexOf(':') + 1).slice(0, 12);
}

/** Docker's sentences for what it cannot read. @see distribution/reference: errors.go */
function sentence(text: string): string {
  if (/^[a-f0-9]{64}$/.test(text)) {
    return `invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`;
  }
  const name = text.replace(/@.*$/, '').replace(/:[^/:]*$/, '');
  if (name !== name.toLowerCase() && /^[\w./:-]+$/.test(name)) {
    return `invalid reference format: repository name (${name.slice(0, 200)}) must be lowercase`;
  }
  return 'invalid reference format';
}
