import { randomBytes } from 'node:crypto';
import {
  type Descriptor,
  type Digest,
  digestBytes,
  MEDIA_TYPE_OCI_CONFIG,
  MEDIA_TYPE_OCI_INDEX,
  MEDIA_TYPE_OCI_LAYER,
  MEDIA_TYPE_OCI_MANIFEST,
  type Platform,
} from '@berth/oci';

export interface TestImage {
  readonly digest: Digest;
  readonly bytes: Buffer;
  readonly descriptor: Descriptor;
  readonly blobs: readonly Buffer[];
}

export interface TestImageOptions {
  readonly platform?: Platform;
  readonly layerSize?: number;
  readonly subject?: Descriptor;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export function makeImage(options: TestImageOptions = {}): TestImage {
  const { platform = { os: 'linux', architecture: 'amd64' }, layerSize = 1000, ...rest } = options;
  const config = Buffer.from(JSON.stringify({ ...platform, rootfs: { type: 'layers', diff_ids: [] } }));
  const layer = randomBytes(layerSize);
  return makeManifest(MEDIA_TYPE_OCI_MANIFEST, [config, layer], {
    config: { mediaType: MEDIA_TYPE_OCI_CONFIG, digest: digestBytes(config), size: config.length },
    layers: [{ mediaType: MEDIA_TYPE_OCI_LAYER, digest: digestBytes(layer), size: layer.length }],
    ...rest,
  });
}

export function makeIndex(children: readonly Descriptor[], rest: object = {}): TestImage {
  return makeManifest(MEDIA_TYPE_OCI_INDEX, [], { manifests: children, ...rest });
}

function makeManifest(mediaType: string, blobs: readonly Buffer[], fields: object): TestImage {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...fields }));
  const digest = digestBytes(bytes);
  return { digest, bytes, blobs, descriptor: { mediaType, digest, size: bytes.length } };
}

/** What a test says to a registry: `fetch` with the few words that the protocol needs. */
export class TestClient {
  readonly url: string;
  readonly repository: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(url: string, repository: string, headers: Readonly<Record<string, string>> = {}) {
    this.url = url;
    this.repository = repository;
    this.headers = headers;
  }

  request(path: string, init: RequestInit & { readonly duplex?: 'half' } = {}): Promise<Response> {
    const url = path.startsWith('/') ? `${this.url}${path}` : `${this.url}/v2/${this.repository}/${path}`;
    return fetch(url, {
      redirect: 'error',
      ...init,
      headers: { ...this.headers, ...(init.headers as Record<string, string> | undefined) },
    });
  }

  async pushBlob(bytes: Buffer, digest: Digest = digestBytes(bytes)): Promise<Digest> {
    const path = await this.startUpload();
    const answer = await this.request(`${path}?digest=${digest}`, {
      method: 'PUT',
      body: new Uint8Array(bytes),
    });
    if (answer.status !== 201) throw new Error(`Blob: ${answer.status} ${await answer.text()}`);
    return digest;
  }

  /** @returns path of the new session */
  async startUpload(): Promise<string> {
    const answer = await this.request('blobs/uploads/', { method: 'POST' });
    if (answer.status !== 202) throw new Error(`Upload: ${answer.status} ${await answer.text()}`);
    return answer.headers.get('location') ?? '';
  }

  putManifest(reference: string, image: Pick<TestImage, 'bytes' | 'descriptor'>): Promise<Response> {
    return this.request(`manifests/${reference}`, {
      method: 'PUT',
      body: new Uint8Array(image.bytes),
      headers: { 'content-type': image.descriptor.mediaType },
    });
  }

  /** Blobs, then the manifest. */
  async push(reference: string, image: TestImage): Promise<Response> {
    for (const blob of image.blobs) await this.pushBlob(blob);
    const answer = await this.putManifest(reference, image);
    if (answer.status !== 201) throw new Error(`Manifest: ${answer.status} ${await answer.text()}`);
    return answer;
  }
}

export interface WireError {
  readonly code: string;
  readonly message: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** The errors of an answer in the registry's shape. */
export async function errorsOf(answer: Response): Promise<readonly WireError[]> {
  return ((await answer.json()) as { readonly errors: readonly WireError[] }).errors;
}

/** Status and codes at once: `404 BLOB_UNKNOWN`. */
export async function refusalOf(answer: Response): Promise<string> {
  return [answer.status, ...(await errorsOf(answer)).map((error) => error.code)].join(' ');
}
