export {
  ARCHIVE_MANIFEST_FILE,
  ARCHIVE_REPOSITORIES_FILE,
  type ArchiveEntry,
  type ArchiveRepositories,
  archiveConfigPath,
  archiveLayerPath,
  cleanArchivePath,
  formatArchiveManifest,
  formatArchiveRepositories,
  parseArchiveManifest,
  parseArchiveRepositories,
  resolveArchiveLink,
} from './archive.ts';
export { chainID, chainIDs } from './chain-id.ts';
export {
  type Compression,
  type CompressionOptions,
  type CompressOptions,
  compress,
  decompress,
  detectCompression,
} from './compression.ts';
export type { Descriptor } from './descriptor.ts';
export {
  type ChainID,
  type DiffID,
  type Digest,
  type DigestAlgorithm,
  Digester,
  digestAlgorithm,
  digestBytes,
  digestHex,
  type ImageID,
  isDigest,
  parseDigest,
} from './digest.ts';
export { OCI_ERRORS, OciError, type OciErrorCode } from './errors.ts';
export { hostPlatform } from './host-platform.ts';
export {
  CONFIG_MAX_SIZE_BYTES,
  type ContainerConfig,
  type History,
  type ImageConfig,
  parseImageConfig,
} from './image-config.ts';
export type { Index } from './image-index.ts';
export { IMAGE_MISMATCHES, type ImageMismatch, type ImageMismatchCode } from './image-mismatch.ts';
export {
  ANNOTATION_REF_NAME,
  emptyLayoutIndex,
  formatLayoutHeader,
  formatLayoutIndex,
  LAYOUT_HEADER_FILE,
  LAYOUT_INDEX_FILE,
  LAYOUT_VERSION,
  layoutBlobPath,
  layoutRefName,
  parseLayoutHeader,
  parseLayoutIndex,
  withLayoutEntry,
} from './layout.ts';
export type { Manifest } from './manifest.ts';
export { type ManifestLinks, manifestLinks } from './manifest-links.ts';
export {
  isIndexMediaType,
  isManifestMediaType,
  isNondistributable,
  MANIFEST_MEDIA_TYPES,
  type ManifestMediaType,
  MEDIA_TYPE_DOCKER_CONFIG,
  MEDIA_TYPE_DOCKER_LAYER,
  MEDIA_TYPE_DOCKER_LAYER_FOREIGN_GZIP,
  MEDIA_TYPE_DOCKER_LAYER_GZIP,
  MEDIA_TYPE_DOCKER_MANIFEST,
  MEDIA_TYPE_DOCKER_MANIFEST_LIST,
  MEDIA_TYPE_OCI_CONFIG,
  MEDIA_TYPE_OCI_EMPTY,
  MEDIA_TYPE_OCI_INDEX,
  MEDIA_TYPE_OCI_LAYER,
  MEDIA_TYPE_OCI_LAYER_FOREIGN,
  MEDIA_TYPE_OCI_LAYER_FOREIGN_GZIP,
  MEDIA_TYPE_OCI_LAYER_FOREIGN_ZSTD,
  MEDIA_TYPE_OCI_LAYER_GZIP,
  MEDIA_TYPE_OCI_LAYER_ZSTD,
  MEDIA_TYPE_OCI_LAYOUT_HEADER,
  MEDIA_TYPE_OCI_MANIFEST,
} from './media-types.ts';
export { embeddedData } from './parse-descriptor.ts';
export { MANIFEST_MAX_SIZE_BYTES, type ParsedManifest, parseManifest } from './parse-manifest.ts';
export type { Platform } from './platform.ts';
export { formatPlatform, normalizePlatform, parsePlatform } from './platform-text.ts';
export {
  familiarReference,
  formatReference,
  isRegistryHost,
  type ParseReferenceOptions,
  parseReference,
  type Reference,
} from './reference.ts';
export {
  isRepositoryName,
  parseRepositoryName,
  REPOSITORY_NAME_MAX_LENGTH,
  type RepositoryName,
} from './repository-name.ts';
export { selectPlatform } from './select-platform.ts';
export { gatherChunks, type Peeked, peekBytes } from './streams.ts';
export { isTag, parseTag, TAG_MAX_LENGTH, type Tag } from './tag.ts';
export { type CleanPath, cleanEntryPath, type PathRefusal } from './tar/clean-path.ts';
export {
  makeTarEntry,
  type SparseFragment,
  type TarEntry,
  type TarEntryType,
  type TarItem,
} from './tar/entry.ts';
export type { TarLimits } from './tar/limits.ts';
export { bytesToPath, pathToBytes, showName } from './tar/name-bytes.ts';
export { type ReadTarOptions, readTar } from './tar/read-tar.ts';
export { expandSparse } from './tar/sparse.ts';
export {
  isWhiteout,
  readWhiteout,
  WHITEOUT_AUFS_PREFIX,
  WHITEOUT_OPAQUE,
  WHITEOUT_PREFIX,
  type Whiteout,
  whiteoutPath,
  whiteoutTarget,
} from './tar/whiteout.ts';
export { type TarInput, type WriteTarOptions, writeTar } from './tar/write-tar.ts';
export { type ImageToValidate, type ValidateImageOptions, validateImage } from './validate-image.ts';
export { type ExpectedBytes, type ReadAllOptions, readAll, verifyStream } from './verify.ts';
