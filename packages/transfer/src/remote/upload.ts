import { isAbort } from '@berth/errors';
import { type Descriptor, readAll } from '@berth/oci';
import { TransferError } from '../errors.ts';
import type { PutBlobOptions, PutBlobResult } from '../interface.ts';
import { networkFailure, responseFailure, retryable } from './failures.ts';
import type { HttpResponse } from './http.ts';
import { blobPath, nameOf, pullScope, type RemoteRepository, uploadsPath } from './repository.ts';
import { Backoff, type Retryable } from './retry.ts';
import { type OpenBlob, uploadBody } from './upload-body.ts';
import type { UploadJournal, UploadKey } from './upload-journal.ts';
import {
  nextLocation,
  OffsetMoved,
  receivedBytes,
  SessionLost,
  SignInEnded,
  SourceFailed,
  type Upload,
} from './upload-session.ts';

/** Up to here one PUT carries the whole blob: an upload of its own would only add requests. */
const SINGLE_PUT_BYTES = 64 * 1024;

/** How often one blob may begin again from its first byte. */
const MAX_RESTARTS = 3;
/** How often one session may be at another offset than it said before it counts as lost. */
const MAX_CONFLICTS = 5;

/**
 * Brings one blob into a repository: it is there, it is mounted, or it is sent.
 *
 *     HEAD blob ─▶ journal ─▶ POST (mount) ─▶ PATCH stream ─▶ PUT digest
 *                    │                          ▲   │ cut
 *                    └──▶ GET status ──offset───┘◀──┘
 *
 * A lost session begins again from the first byte. What the registry holds after an abort stays there, and the
 * journal names it for the next call.
 */
export async function uploadBlob(
  remote: RemoteRepository,
  descriptor: Descriptor,
  options: PutBlobOptions & { readonly open: OpenBlob; readonly journal: UploadJournal },
): Promise<PutBlobResult> {
  const { signal } = options;
  if (await blobExists(remote, descriptor, signal)) return 'exists';
  return new BlobUpload(remote, descriptor, options).run();
}

export async function blobExists(
  remote: RemoteRepository,
  { digest }: Descriptor,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  return remote.session.retrying(
    async () => {
      const target = blobPath(remote.name, digest);
      const response = await remote.session.request({
        method: 'HEAD',
        target,
        scopes: remote.scopes,
        signal,
      });
      if (response.status !== 200 && response.status !== 404) {
        throw await responseFailure(response, `push to "${nameOf(remote)}"`);
      }
      await response.discard();
      return response.status === 200;
    },
    { signal },
  );
}

class BlobUpload {
  readonly #remote: RemoteRepository;
  readonly #descriptor: Descriptor;
  readonly #options: PutBlobOptions & { readonly open: OpenBlob; readonly journal: UploadJournal };
  readonly #key: UploadKey;
  readonly #backoff: Backoff;
  readonly #what: string;
  #restarts = 0;
  #conflicts = 0;

  constructor(
    remote: RemoteRepository,
    descriptor: Descriptor,
    options: PutBlobOptions & { readonly open: OpenBlob; readonly journal: UploadJournal },
  ) {
    this.#remote = remote;
    this.#descriptor = descriptor;
    this.#options = options;
    this.#key = { registry: remote.session.registry, repository: remote.name, digest: descriptor.digest };
    this.#backoff = new Backoff(remote.session.retryPolicy, options.onRetry);
    this.#what = `push blob "${descriptor.digest}" to "${nameOf(remote)}"`;
  }

  async run(): Promise<PutBlobResult> {
    const { journal, signal } = this.#options;
    let upload = await this.#resumed();
    for (;;) {
      signal?.throwIfAborted();
      try {
        if (upload === undefined) {
          const started = await this.#start();
          if (started === 'mounted') return 'mounted';
          upload = started;
          await journal.record(this.#key, upload.location);
        }
        await this.#send(upload);
        await journal.remove(this.#key);
        return 'copied';
      } catch (error) {
        const next = await this.#afterFailure(error, upload);
        if (next === 'there') return 'copied';
        upload = next;
      }
    }
  }

  /** What to do next: `'there'` when the bytes arrived after all, a session to go on with, or none for a new one. */
  async #afterFailure(error: unknown, upload: Upload | undefined): Promise<Upload | 'there' | undefined> {
    const { journal, signal } = this.#options;
    if (error instanceof SourceFailed) {
      await journal.release(this.#key);
      throw error.cause;
    }
    try {
      if (!(await this.#backoff.next(this.#reasonToGoOn(error), { signal }))) throw error;
      if (await blobExists(this.#remote, this.#descriptor, signal)) {
        await journal.remove(this.#key);
        return 'there';
      }
      if (error instanceof SessionLost || upload === undefined) {
        await journal.remove(this.#key);
        return undefined;
      }
      const known = await this.#status(upload.location);
      if (known !== undefined && known.offset > upload.offset) this.#backoff.progress();
      if (known === undefined) this.#countRestart(error);
      return known;
    } catch (failed) {
      await journal.release(this.#key);
      const isOurs = [SessionLost, OffsetMoved, SignInEnded].some((kind) => failed instanceof kind);
      const shown = isOurs ? (failed as Error).cause : failed;
      throw networkFailure(shown, this.#remote.session.registry);
    }
  }

  #reasonToGoOn(error: unknown): Retryable {
    if (error instanceof SignInEnded || error instanceof OffsetMoved) return { reason: error.message };
    if (error instanceof SessionLost) {
      this.#countRestart(error);
      return { reason: error.message, retryAfterMs: 0 };
    }
    const failure = isAbort(error) ? undefined : retryable(error);
    if (failure === undefined) throw error;
    return failure;
  }

  #countRestart(error: unknown): void {
    this.#restarts += 1;
    if (this.#restarts > MAX_RESTARTS) throw error;
  }

  async #resumed(): Promise<Upload | undefined> {
    const location = await this.#options.journal.find(this.#key);
    if (location === undefined) return undefined;
    const upload = await this.#status(location);
    if (upload === undefined) await this.#options.journal.remove(this.#key);
    else await this.#options.journal.record(this.#key, upload.location);
    return upload;
  }

  /** Asks the registry how far the session is. @returns `undefined` when it knows none */
  async #status(location: URL): Promise<Upload | undefined> {
    const { session } = this.#remote;
    const response = await session.retrying(async () => {
      const answer = await session.request({
        method: 'GET',
        target: location,
        scopes: this.#remote.scopes,
        signal: this.#options.signal,
      });
      if (answer.status === 429 || answer.status >= 500) throw await responseFailure(answer, this.#what);
      return answer;
    }, this.#options);
    await response.discard();
    if (response.status !== 204 && response.status !== 202 && response.status !== 200) return undefined;
    const offset = receivedBytes(response) ?? 0;
    if (offset > this.#descriptor.size) return undefined;
    return { location: nextLocation(response, location), offset, isResumed: true };
  }

  /** Asks for a mount in any case: without a `from`, a registry may know another repository of ours that has the blob. */
  async #start(): Promise<Upload | 'mounted'> {
    const { session, name } = this.#remote;
    const { mountFrom } = this.#options;
    const isSame = mountFrom?.registry === session.registry && mountFrom.repository !== name;
    const from = isSame ? mountFrom.repository : undefined;
    const query = new URLSearchParams({
      mount: this.#descriptor.digest,
      ...(from === undefined ? {} : { from }),
    });
    let response = await this.#post(`?${query}`, from);
    if (
      ![201, 202].includes(response.status) &&
      response.status < 500 &&
      ![401, 403, 429].includes(response.status)
    ) {
      await response.discard();
      response = await this.#post('', undefined);
    }
    if (response.status !== 202 && response.status !== 201) {
      throw await responseFailure(response, this.#what, { notFound: 'REPOSITORY_UNKNOWN' });
    }
    await response.discard();
    if (response.status === 201) return 'mounted';
    if (response.header('location') === undefined) {
      throw new TransferError('RESPONSE_INVALID', `Cannot ${this.#what}: the answer has no Location`);
    }
    return { location: nextLocation(response, response.url), offset: 0, isResumed: false };
  }

  #post(query: string, from: string | undefined): Promise<HttpResponse> {
    const { session, name, scopes } = this.#remote;
    return session.request({
      method: 'POST',
      target: `${uploadsPath(name)}${query}`,
      scopes: from === undefined ? scopes : [...scopes, pullScope(from)],
      signal: this.#options.signal,
    });
  }

  async #send(upload: Upload): Promise<void> {
    const { size } = this.#descriptor;
    if (upload.offset === 0 && size <= SINGLE_PUT_BYTES) {
      const source = this.#options.open({ ...(this.#options.signal && { signal: this.#options.signal }) });
      const bytes = await readAll(source, { maxSizeBytes: size, what: this.#what }).catch(
        (cause: unknown) => {
          throw new SourceFailed('', { cause });
        },
      );
      await this.#finish(upload, bytes);
      this.#options.onProgress?.(size);
      return;
    }
    // A registry may take fewer bytes than were sent; its word counts.
    while (upload.offset < size) await this.#patch(upload);
    await this.#finish(upload);
  }

  async #patch(upload: Upload): Promise<void> {
    const { session, scopes } = this.#remote;
    const { signal } = this.#options;
    const { size } = this.#descriptor;
    const from = upload.offset;
    const attempt = new AbortController();
    const { open, onProgress, onRetry } = this.#options;
    const body = uploadBody(open, {
      offset: from,
      signal: signal === undefined ? attempt.signal : AbortSignal.any([signal, attempt.signal]),
      onProgress,
      ...(onRetry === undefined ? {} : { onRetry }),
    });
    try {
      const response = await session.request({
        method: 'PATCH',
        target: upload.location,
        scopes,
        headers: {
          'content-type': 'application/octet-stream',
          'content-length': `${size - from}`,
          // The first stream goes without, as older registries expect; later ones say where they go on.
          ...(from === 0 ? {} : { 'content-range': `${from}-${size - 1}` }),
        },
        body: body.bytes,
        signal,
      });
      await this.#expect(response, [201, 202, 204], upload.isResumed);
      const received = receivedBytes(response);
      upload.offset = received ?? size;
      if (received !== undefined && received <= from) {
        const cause = new TransferError(
          'RESPONSE_INVALID',
          `Cannot ${this.#what}: the registry took none of the bytes`,
        );
        throw new SessionLost('the registry took no bytes', { cause });
      }
      const location = nextLocation(response, upload.location);
      if (location.href !== upload.location.href) await this.#options.journal.record(this.#key, location);
      upload.location = location;
      this.#backoff.progress();
    } catch (error) {
      throw body.failure() ?? error;
    } finally {
      attempt.abort();
    }
  }

  async #finish(upload: Upload, bytes?: Uint8Array): Promise<void> {
    const target = new URL(upload.location);
    target.searchParams.set('digest', this.#descriptor.digest);
    const response = await this.#remote.session.request({
      method: 'PUT',
      target,
      scopes: this.#remote.scopes,
      headers: bytes === undefined ? {} : { 'content-type': 'application/octet-stream' },
      ...(bytes === undefined ? {} : { body: bytes }),
      signal: this.#options.signal,
    });
    await this.#expect(response, [200, 201, 204], upload.isResumed);
  }

  async #expect(response: HttpResponse, statuses: readonly number[], isResumed: boolean): Promise<void> {
    if (statuses.includes(response.status)) return response.discard();
    const failure = await responseFailure(response, this.#what);
    const lost = `the upload was lost (${response.status})`;
    if (response.status === 404 || response.status === 410) throw new SessionLost(lost, { cause: failure });
    if (isResumed && (response.status === 409 || response.status === 416)) {
      this.#conflicts += 1;
      if (this.#conflicts > MAX_CONFLICTS) throw new SessionLost(lost, { cause: failure });
      throw new OffsetMoved('the upload is at another offset', { cause: failure });
    }
    // What the session holds does not have the digest: it may be of another time.
    if (isResumed && response.status === 400) throw new SessionLost(lost, { cause: failure });
    if (response.status === 401) throw new SignInEnded('the sign-in ended', { cause: failure });
    throw failure;
  }
}
