import { createHash } from 'node:crypto';
import { Agent, type IncomingMessage, request } from 'node:http';
import { Socket } from 'node:net';
import type { Contender } from './contender.ts';

const agent = new Agent({ keepAlive: true });

export interface SimpleAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/** One request with a body that is in memory. Any status is a value. */
export async function call(
  url: string,
  options: {
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: Uint8Array | string;
  } = {},
): Promise<SimpleAnswer> {
  const { method = 'GET', headers = {}, body } = options;
  const length = body === undefined ? 0 : Buffer.byteLength(body);
  return await new Promise<SimpleAnswer>((done, fail) => {
    const req = request(
      url,
      { method, agent, headers: { ...headers, ...(method === 'GET' ? {} : { 'content-length': length }) } },
      (res) => {
        let text = '';
        res.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        res.once('error', fail);
        res.once('end', () => done({ status: res.statusCode ?? 0, headers: res.headers, text }));
      },
    );
    req.once('error', fail);
    req.end(body);
  });
}

/**
 * Pushes a blob: POST, then either one PUT with the bytes (as containerd does), or a PATCH with the bytes and a PUT
 * without (as docker, podman and skopeo do).
 */
export async function pushBlob(
  to: Contender,
  bytes: Uint8Array,
  options: { readonly digest: string; readonly by?: 'put' | 'patch' },
): Promise<void> {
  const begun = await call(`http://${to.host}/v2/${to.repository}/blobs/uploads/`, {
    method: 'POST',
    headers: to.headers,
  });
  expectStatus(begun, 202);
  const headers = { ...to.headers, 'content-type': 'application/octet-stream' };
  let location = locationOf(begun, to);
  if (options.by === 'patch') {
    const patched = await call(location.href, { method: 'PATCH', headers, body: bytes });
    expectStatus(patched, 202);
    location = locationOf(patched, to);
  }
  location.searchParams.set('digest', options.digest);
  const body = options.by === 'patch' ? {} : { body: bytes };
  expectStatus(await call(location.href, { method: 'PUT', headers, ...body }), 201);
}

function locationOf(answer: SimpleAnswer, { host }: Contender): URL {
  return new URL(answer.headers.location ?? '', `http://${host}`);
}

/** Pushes an image of one small config and one layer. @returns path of its manifest by tag */
export async function pushImage(to: Contender, tag: string): Promise<string> {
  const config = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: {},
      rootfs: { type: 'layers', diff_ids: [] },
    }),
  );
  const layer = Buffer.alloc(1024, tag);
  for (const blob of [config, layer]) await pushBlob(to, blob, { digest: sha256(blob) });
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType,
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: sha256(config),
      size: config.length,
    },
    layers: [
      {
        mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
        digest: sha256(layer),
        size: layer.length,
      },
    ],
  });
  const path = `/v2/${to.repository}/manifests/${tag}`;
  const put = await call(`http://${to.host}${path}`, {
    method: 'PUT',
    headers: { ...to.headers, 'content-type': mediaType },
    body: manifest,
  });
  expectStatus(put, 201);
  return path;
}

/**
 * Fetches a blob over a connection of its own and drops the bytes, into one buffer again and again: the client
 * costs as little as it can. An abort cuts the connection and is no error.
 *
 * @returns bytes of the body that came
 */
export async function fetchBlob(
  from: Contender,
  digest: string,
  options: { readonly signal?: AbortSignal; readonly bufferBytes?: number } = {},
): Promise<number> {
  const { port, hostname } = new URL(`http://${from.host}`);
  const fields = Object.entries({ host: from.host, connection: 'close', ...from.headers });
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  let head = '';
  let isHeadRead = false;
  let bytes = 0;
  const onBytes = (length: number, buffer: Uint8Array): boolean => {
    if (isHeadRead) {
      bytes += length;
      return true;
    }
    head += Buffer.from(buffer.subarray(0, length)).toString('latin1');
    const end = head.indexOf('\r\n\r\n');
    if (end === -1) return true;
    isHeadRead = true;
    bytes = head.length - end - 4;
    head = head.slice(0, end);
    return true;
  };
  const buffer = Buffer.allocUnsafeSlow(options.bufferBytes ?? 1024 * 1024);
  // `onread` is an option of connect() that makes a socket read into one buffer.
  const socket = new Socket({
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    onread: { buffer, callback: onBytes },
  });
  await new Promise<void>((done, fail) => {
    socket.once('close', () => done());
    socket.once('error', (error) => (options.signal?.aborted === true ? done() : fail(error)));
    socket.connect(Number(port), hostname, () => {
      socket.write(`GET /v2/${from.repository}/blobs/${digest} HTTP/1.1\r\n${lines}\r\n`);
    });
  });
  if (options.signal?.aborted === true) return bytes;
  if (!head.startsWith('HTTP/1.1 200 ')) throw new Error(`Cannot fetch "${digest}": ${head.slice(0, 200)}`);
  return bytes;
}

export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

export function expectStatus(answer: SimpleAnswer, status: number): void {
  if (answer.status === status) return;
  throw new Error(
    `Cannot go on: expected status ${status}, got ${answer.status}: ${answer.text.slice(0, 500)}`,
  );
}
