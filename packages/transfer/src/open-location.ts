import { openArchiveSink } from './archive/archive-sink.ts';
import { openArchive } from './archive/open-archive.ts';
import type { CallOptions, ImageSink, ImageSource } from './interface.ts';
import { openOciArchive, openOciArchiveSink } from './layout/oci-archive.ts';
import { openLayout } from './layout/open-layout.ts';
import type { Location } from './location.ts';
import { openRemote } from './remote/open-remote.ts';
import type { SessionOptions } from './remote/session.ts';
import type { Credentials } from './remote/tokens.ts';

export interface OpenLocationOptions extends Omit<SessionOptions, 'credentials'>, CallOptions {
  /** Asked for a registry when one is opened. */
  readonly credentials?:
    | ((registry: string, repository: string) => Promise<Credentials | undefined>)
    | undefined;
  /** Where unfinished uploads are remembered. */
  readonly journalFolder?: string | undefined;
}

/** Opens any place to copy from. */
export async function openSource(
  location: Location,
  options: OpenLocationOptions = {},
): Promise<ImageSource> {
  switch (location.kind) {
    case 'registry':
      return openRegistry(location, { ...options, access: 'pull' });
    case 'oci':
      return openLayout(location);
    case 'oci-archive':
      return openOciArchive({ ...location, ...(options.signal && { signal: options.signal }) });
    case 'docker-archive':
      return openArchive({ ...location, ...(options.signal && { signal: options.signal }) });
  }
}

export interface OpenSinkOptions extends OpenLocationOptions {
  /** What a docker-archive calls its image, without a tag. */
  readonly repository?: string | undefined;
}

/** Opens any place to copy to. */
export async function openSink(location: Location, options: OpenSinkOptions = {}): Promise<ImageSink> {
  switch (location.kind) {
    case 'registry':
      return openRegistry(location, { ...options, access: 'push' });
    case 'oci':
      return openLayout(location);
    case 'oci-archive':
      return openOciArchiveSink(location);
    case 'docker-archive':
      return openArchiveSink({ path: location.path, repository: options.repository });
  }
}

async function openRegistry(
  { reference }: Extract<Location, { kind: 'registry' }>,
  options: OpenLocationOptions & { readonly access: 'pull' | 'push' },
): Promise<ImageSource & ImageSink> {
  const { registry, repository, tag, digest } = reference;
  const credentials = await options.credentials?.(registry, repository);
  return openRemote({ ...options, registry, repository, credentials, reference: digest ?? tag });
}
