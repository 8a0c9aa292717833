import { type Digest, digestBytes } from '@berth/oci';
import { expectStatus, type RegistryClient } from './registry-client.ts';

/** Every way that the distribution specification gives for bringing a blob in. */
export type UploadShape = 'post' | 'put' | 'stream' | 'chunks' | 'mount';

export interface Upload {
  readonly shape: UploadShape;
  readonly repository: string;
  readonly digest: Digest;
  readonly bytes: Uint8Array;
  /** For `mount`. */
  readonly from: string;
}

/** Locations of sessions that were begun, by digest: a client that tries again goes on with them. */
export type Sessions = Map<Digest, string>;

const CHUNKS = 3;

/** Brings one blob in, by its shape; goes on with a session of before where there is one. */
export async function uploadByShape(
  client: RegistryClient,
  upload: Upload,
  sessions: Sessions,
): Promise<void> {
  const { shape, repository, digest, bytes, from } = upload;
  const head = await client.request('HEAD', `${repository}/blobs/${digest}`);
  if (head.status === 200) return;
  const start = `${repository}/blobs/uploads/`;
  if (shape === 'mount') {
    await expectStatus(await client.request('POST', `${start}?mount=${digest}&from=${from}`), 201);
  } else if (shape === 'post') {
    await expectStatus(await client.request('POST', `${start}?digest=${digest}`, { body: bytes }), 201);
  } else {
    const session = await openSession(client, { start, known: sessions.get(digest) });
    sessions.set(digest, session.location);
    await sendByShape(client, upload, session);
    sessions.delete(digest);
  }
}

interface Session {
  readonly location: string;
  readonly offset: number;
}

async function openSession(
  client: RegistryClient,
  { start, known }: { readonly start: string; readonly known: string | undefined },
): Promise<Session> {
  if (known !== undefined) {
    const status = await client.request('GET', known);
    await status.bytes();
    if (status.status === 204) return sessionOf(status);
    if (status.status !== 404) throw new Error(`Expected 204 or 404, got ${status.status}`);
  }
  return sessionOf(await expectStatus(await client.request('POST', start), 202));
}

/** `0-0` means no byte yet; no part of these tests has one byte. */
function sessionOf(response: Response): Session {
  const last = Number(response.headers.get('range')?.slice(2) ?? 0);
  return { location: response.headers.get('location') ?? '', offset: last === 0 ? 0 : last + 1 };
}

async function sendByShape(
  client: RegistryClient,
  { shape, digest, bytes }: Upload,
  session: Session,
): Promise<void> {
  let { location, offset } = session;
  const patch = async (end: number, headers: Readonly<Record<string, string>>): Promise<void> => {
    const body = bytes.subarray(offset, end);
    const answer = await client.request('PATCH', location, { body, headers });
    ({ location, offset } = sessionOf(await expectStatus(answer, 202)));
  };
  if (shape === 'stream' && offset < bytes.length) await patch(bytes.length, {});
  if (shape === 'chunks') {
    const step = Math.ceil(bytes.length / CHUNKS);
    while (offset < bytes.length) {
      const end = Math.min(offset + step, bytes.length);
      await patch(end, { 'content-range': `${offset}-${end - 1}` });
    }
  }
  const url = `${location}${location.includes('?') ? '&' : '?'}digest=${digest}`;
  const rest = bytes.subarray(offset);
  await expectStatus(await client.request('PUT', url, rest.length === 0 ? {} : { body: rest }), 201);
  if (digestBytes(bytes) !== digest) throw new Error(`The test sent other bytes than ${digest}`);
}
