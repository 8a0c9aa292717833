import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Descriptor, type Digest, digestBytes, isDigest } from '@berth/oci';
import type { RandomImage } from '@berth/oci/testing';

interface Repository {
  readonly blobs: Set<Digest>;
  readonly manifests: Map<Digest, { readonly mediaType: string; readonly bytes: Uint8Array }>;
  readonly tags: Map<string, Digest>;
}

/** What a test may do to an answer before it is sent; `true`: it was answered. */
export type Interfere = (request: IncomingMessage, response: ServerResponse) => boolean;

/** A registry in memory: distribution-spec v1.1 as far as pull and push go, mounts and ranges included. */
export interface SmallRegistry extends AsyncDisposable {
  readonly host: string;
  /** `GET /v2/…`, in order. */
  readonly asked: string[];
  /** Bytes of blobs that were sent. */
  sentBytes: number;
  interfere: Interfere | undefined;
  /** Puts an image there under `name:tag`. */
  put(name: string, image: RandomImage): void;
  putManifest(name: string, manifest: { readonly descriptor: Descriptor; readonly bytes: Uint8Array }): void;
  putBlob(name: string, bytes: Uint8Array): Digest;
  manifest(name: string, tag: string): { readonly mediaType: string; readonly bytes: Uint8Array } | undefined;
  blob(digest: Digest): Uint8Array | undefined;
  removeBlob(name: string, digest: Digest): void;
}

export async function startSmallRegistry(): Promise<SmallRegistry> {
  const registry = new Running();
  await registry.start();
  return registry;
}

class Running implements SmallRegistry {
  readonly asked: string[] = [];
  sentBytes = 0;
  interfere: Interfere | undefined;
  host = '';
  readonly #repositories = new Map<string, Repository>();
  readonly #bytes = new Map<Digest, Uint8Array>();
  readonly #uploads = new Map<string, Uint8Array[]>();
  readonly #server = createServer((request, response) => {
    this.asked.push(`${request.method} ${request.url}`);
    void this.#answer(request, response).catch(() => response.destroy());
  });

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.host = `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  put(name: string, image: RandomImage): void {
    const [repository, tag = 'latest'] = name.split(':') as [string, string?];
    for (const bytes of image.blobs.values()) this.putBlob(repository, bytes);
    this.putManifest(repository, { descriptor: image.descriptor, bytes: image.manifestBytes });
    this.#of(repository).tags.set(tag, image.descriptor.digest);
  }

  putManifest(
    name: string,
    { descriptor, bytes }: { readonly descriptor: Descriptor; readonly bytes: Uint8Array },
  ): void {
    const [repository, tag] = name.split(':') as [string, string?];
    const { mediaType, digest } = descriptor;
    this.#of(repository).manifests.set(digest, { mediaType, bytes });
    if (tag !== undefined) this.#of(repository).tags.set(tag, digest);
  }

  putBlob(name: string, bytes: Uint8Array): Digest {
    const digest = digestBytes(bytes);
    this.#bytes.set(digest, bytes);
    this.#of(name).blobs.add(digest);
    return digest;
  }

  manifest(
    name: string,
    tag: string,
  ): { readonly mediaType: string; readonly bytes: Uint8Array } | undefined {
    const { tags, manifests } = this.#of(name);
    const digest = tags.get(tag);
    return digest === undefined ? undefined : manifests.get(digest);
  }

  blob(digest: Digest): Uint8Array | undefined {
    return this.#bytes.get(digest);
  }

  removeBlob(name: string, digest: Digest): void {
    this.#of(name).blobs.delete(digest);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #of(name: string): Repository {
    const known = this.#repositories.get(name);
    if (known !== undefined) return known;
    const made: Repository = { blobs: new Set(), manifests: new Map(), tags: new Map() };
    this.#repositories.set(name, made);
    return made;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    if (this.interfere?.(request, response) === true) return undefined;
    const url = new URL(request.url ?? '/', 'http://registry');
    const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>));
    const match = /^\/v2\/(.+)\/(manifests|blobs|tags|blobs\/uploads)\/([^/]*)$/.exec(url.pathname);
    if (match === null) return response.writeHead(url.pathname === '/v2/' ? 200 : 404).end();
    const [, name = '', kind, reference = ''] = match;
    const upload = /^(.+)\/blobs\/uploads$/.exec(`${name}/${kind}`)?.[1];
    if (kind === 'blobs/uploads' || upload !== undefined) {
      return this.#upload(request, response, { name: upload ?? name, id: reference, url, body });
    }
    if (kind === 'tags') return this.#tags(response, name);
    if (kind === 'manifests') return this.#manifest(request, response, { name, reference, body });
    return this.#blob(request, response, { name, reference });
  }

  #tags(response: ServerResponse, name: string): ServerResponse {
    const repository = this.#repositories.get(name);
    if (repository === undefined) return refuse(response, 404, 'NAME_UNKNOWN');
    response.writeHead(200, { 'content-type': 'application/json' });
    return response.end(JSON.stringify({ name, tags: [...repository.tags.keys()].sort() }));
  }

  #manifest(
    request: IncomingMessage,
    response: ServerResponse,
    { name, reference, body }: { readonly name: string; readonly reference: string; readonly body: Buffer },
  ): ServerResponse {
    const { manifests, tags } = this.#of(name);
    if (request.method === 'PUT') {
      const digest = digestBytes(body);
      manifests.set(digest, { mediaType: request.headers['content-type'] ?? '', bytes: body });
      if (!isDigest(reference)) tags.set(reference, digest);
      return response.writeHead(201, { 'docker-content-digest': digest }).end();
    }
    const digest = isDigest(reference) ? reference : tags.get(reference);
    const found = digest === undefined ? undefined : manifests.get(digest);
    if (found === undefined || digest === undefined) return refuse(response, 404, 'MANIFEST_UNKNOWN');
    response.writeHead(200, {
      'content-type': found.mediaType,
      'content-length': found.bytes.length,
      'docker-content-digest': digest,
    });
    return response.end(request.method === 'HEAD' ? undefined : found.bytes);
  }

  #blob(
    request: IncomingMessage,
    response: ServerResponse,
    { name, reference }: { readonly name: string; readonly reference: string },
  ): ServerResponse {
    const isThere = isDigest(reference) && this.#of(name).blobs.has(reference);
    const bytes = isThere ? this.#bytes.get(reference) : undefined;
    if (bytes === undefined) return refuse(response, 404, 'BLOB_UNKNOWN');
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const part = bytes.subarray(start);
    response.writeHead(start === 0 ? 200 : 206, {
      'content-length': part.length,
      ...(start === 0 ? {} : { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` }),
    });
    if (request.method === 'HEAD') return response.end();
    this.sentBytes += part.length;
    return response.end(part);
  }

  #upload(
    request: IncomingMessage,
    response: ServerResponse,
    {
      name,
      id,
      url,
      body,
    }: { readonly name: string; readonly id: string; readonly url: URL; readonly body: Buffer },
  ): ServerResponse {
    const repository = this.#of(name);
    if (request.method === 'POST') {
      const mount = url.searchParams.get('mount') ?? '';
      const from = url.searchParams.get('from') ?? '';
      if (isDigest(mount) && this.#repositories.get(from)?.blobs.has(mount) === true) {
        repository.blobs.add(mount);
        return response.writeHead(201).end();
      }
      const upload = `${this.#uploads.size}`;
      this.#uploads.set(upload, []);
      return response.writeHead(202, { location: `/v2/${name}/blobs/uploads/${upload}` }).end();
    }
    const parts = this.#uploads.get(id);
    if (parts === undefined) return refuse(response, 404, 'BLOB_UPLOAD_UNKNOWN');
    if (request.method === 'DELETE') return response.writeHead(204).end();
    parts.push(body);
    const bytes = Buffer.concat(parts);
    if (request.method === 'PATCH') {
      const range = `0-${Math.max(0, bytes.length - 1)}`;
      return response.writeHead(202, { location: url.pathname, range }).end();
    }
    const digest = url.searchParams.get('digest');
    if (digestBytes(bytes) !== digest) return refuse(response, 400, 'DIGEST_INVALID');
    this.putBlob(name, bytes);
    return response.writeHead(201).end();
  }
}

function refuse(response: ServerResponse, status: number, code: string): ServerResponse {
  const message = code.toLowerCase().replaceAll('_', ' ');
  response.writeHead(status, { 'content-type': 'application/json' });
  return response.end(JSON.stringify({ errors: [{ code, message }] }));
}
