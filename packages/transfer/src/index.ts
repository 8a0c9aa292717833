export { type OpenArchiveSinkOptions, openArchiveSink } from './archive/archive-sink.ts';
export { type OpenArchiveOptions, openArchive } from './archive/open-archive.ts';
export {
  type ArchivedImage,
  type ImageArchive,
  openImageArchive,
  stageImageArchive,
} from './archive/open-image-archive.ts';
export { choosePlatform, platformsOf } from './copy/choose-platform.ts';
export { type CopyImageOptions, type CopyResult, copyImage } from './copy/copy-image.ts';
export { Limiter } from './copy/limiter.ts';
export {
  type CredentialStore,
  type OpenCredentialStoreOptions,
  openCredentialStore,
} from './credentials/credential-store.ts';
export { TRANSFER_ERRORS, TransferError, type TransferErrorCode } from './errors.ts';
export type {
  BlobSourceOptions,
  CallOptions,
  CopyEvent,
  ImageSink,
  ImageSource,
  ManifestBytes,
  PutBlobOptions,
  PutBlobResult,
  RetryNotice,
} from './interface.ts';
export { openOciArchive, openOciArchiveSink } from './layout/oci-archive.ts';
export { type OpenLayoutOptions, openLayout } from './layout/open-layout.ts';
export { type Location, parseLocation } from './location.ts';
export { type MemorySourceOptions, memorySource } from './memory-source.ts';
export { type OpenLocationOptions, type OpenSinkOptions, openSink, openSource } from './open-location.ts';
export type { TlsOptions } from './remote/certificates.ts';
export { allowsPlainHttp, type InsecureRegistries, isLoopback } from './remote/host.ts';
export { callHub, type HubCall } from './remote/hub-api.ts';
export { type OpenRemoteOptions, openRemote, type Remote, verifyCredentials } from './remote/open-remote.ts';
export type { RetryPolicy } from './remote/retry.ts';
export type { SessionOptions } from './remote/session.ts';
export type { Credentials } from './remote/tokens.ts';
export { defaultStateFolder } from './remote/upload-journal.ts';
