import { promisify } from 'node:util';
import { gzip as gzipCallback } from 'node:zlib';
import {
  type Descriptor,
  type Digest,
  digestBytes,
  MEDIA_TYPE_OCI_CONFIG,
  MEDIA_TYPE_OCI_INDEX,
  MEDIA_TYPE_OCI_LAYER_GZIP,
  MEDIA_TYPE_OCI_MANIFEST,
  makeTarEntry,
  writeTar,
} from '@berth/oci';
import { type ImageSource, type ManifestBytes, memorySource } from '@berth/transfer';
import { type HelloArchitecture, helloProgram } from './elf.ts';

const gzip = promisify(gzipCallback);

const GREETING = `
Hello from your Berth!
你好，这里是你自己的 Berth!

This image was made when your Hub started for the first time: one layer, one file, no base image.
它在 Hub 第一次启动时生成：一层，一个文件，没有基础镜像。

`;

const ARCHITECTURES: readonly HelloArchitecture[] = ['amd64', 'arm64'];

/** Bytes, and with them digests, are the same on every machine: no time and no name in them. */
export async function helloImage(): Promise<ImageSource> {
  const blobs = new Map<Digest, Uint8Array>();
  const manifests: ManifestBytes[] = [];
  for (const architecture of ARCHITECTURES) manifests.push(await platformImage(architecture, blobs));
  const index = manifestOf(MEDIA_TYPE_OCI_INDEX, {
    manifests: manifests.map(({ descriptor }) => descriptor),
    annotations: { 'org.opencontainers.image.title': 'hello' },
  });
  const tags = new Map([['latest', index.descriptor]]);
  return memorySource({ location: 'the hello image', manifests: [...manifests, index], blobs, tags });
}

async function platformImage(
  architecture: HelloArchitecture,
  blobs: Map<Digest, Uint8Array>,
): Promise<ManifestBytes> {
  const platform = { architecture, os: 'linux', ...(architecture === 'arm64' ? { variant: 'v8' } : {}) };
  const tar = await layerTar(helloProgram(architecture, GREETING));
  const layer = keep(MEDIA_TYPE_OCI_LAYER_GZIP, { bytes: await gzip(tar, { level: 9 }), blobs });
  const configJson = {
    ...platform,
    config: { Cmd: ['/hello'], WorkingDir: '/', Env: ['PATH=/'] },
    rootfs: { type: 'layers', diff_ids: [digestBytes(tar)] },
    history: [{ created_by: 'Berth: /hello, which greets and ends' }],
  };
  const config = keep(MEDIA_TYPE_OCI_CONFIG, { bytes: Buffer.from(JSON.stringify(configJson)), blobs });
  const { descriptor, bytes } = manifestOf(MEDIA_TYPE_OCI_MANIFEST, { config, layers: [layer] });
  return { descriptor: { ...descriptor, platform }, bytes };
}

async function layerTar(program: Uint8Array): Promise<Buffer> {
  const entry = makeTarEntry({ type: 'file', path: 'hello', mode: 0o755, size: program.length });
  const chunks: Uint8Array[] = [];
  for await (const chunk of writeTar([{ entry, content: [program] }])) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

function keep(
  mediaType: string,
  { bytes, blobs }: { bytes: Uint8Array; blobs: Map<Digest, Uint8Array> },
): Descriptor {
  const digest = digestBytes(bytes);
  blobs.set(digest, bytes);
  return { mediaType, digest, size: bytes.length };
}

function manifestOf(mediaType: string, content: Readonly<Record<string, unknown>>): ManifestBytes {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...content }, null, 2));
  return { descriptor: { mediaType, digest: digestBytes(bytes), size: bytes.length }, bytes };
}
