export { CONTENT_STEPS, type ContentStep } from './blobs/folder/steps.ts';
export {
  type FolderBlobStore,
  type FolderBlobStoreOptions,
  openFolderBlobStore,
  type SweptStaging,
} from './blobs/folder/store.ts';
export type {
  BlobInfo,
  BlobReader,
  BlobStore,
  ByteRange,
  CommitOptions,
  Ingest,
  IngestInfo,
  WriteOptions,
} from './blobs/interface.ts';
export { createMemoryBlobStore } from './blobs/memory.ts';
export { CONTENT_ERRORS, ContentError, type ContentErrorCode } from './errors.ts';
export type { Lease, Leases } from './leases/interface.ts';
export { createMemoryLeases } from './leases/memory.ts';
