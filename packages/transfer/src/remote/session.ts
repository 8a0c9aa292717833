import { TransferError } from '../errors.ts';
import type { RetryNotice } from '../interface.ts';
import { addressFrom } from './address.ts';
import type { TlsOptions } from './certificates.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import {
  isCertificateError,
  isWrongProtocol,
  networkFailure,
  reasonOf,
  responseFailure,
  retryable,
} from './failures.ts';
import { allowsPlainHttp, endpointOf, type InsecureRegistries, isLoopback } from './host.ts';
import { type HttpClient, type HttpRequest, type HttpResponse, openHttpClient } from './http.ts';
import { Backoff, DEFAULT_RETRY, isCut, type RetryPolicy } from './retry.ts';
import { basicAuthorization, type Credentials, fetchToken, SIGN_IN_HINT, type Token } from './tokens.ts';

export interface SessionOptions {
  readonly credentials?: Credentials | undefined;
  readonly tls?: TlsOptions | undefined;
  /** Registries beyond loopback that may be spoken to by plain HTTP. */
  readonly insecure?: InsecureRegistries | undefined;
  readonly userAgent?: string | undefined;
  readonly retry?: Partial<RetryPolicy> | undefined;
}

export interface RegistryRequest extends Omit<HttpRequest, 'url'> {
  /** A path below the registry's root (`/v2/…`), or an address that the registry gave. */
  readonly target: string | URL;
  /** What the token must allow: `repository:a/b:pull,push`. */
  readonly scopes: readonly string[];
}

export interface RetryOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onRetry?: ((notice: RetryNotice) => void) | undefined;
}

const MAX_REDIRECTS = 10;
const REDIRECT_STATUS = new Set([301, 302, 303, 307, 308]);

/**
 * One registry, spoken to as one user: which scheme, which sign-in, which tokens.
 *
 * Tokens are kept per set of scopes, asked for again before they end and when the registry refuses them.
 * An address on another host never gets the `Authorization` of this one.
 */
export class RegistrySession implements AsyncDisposable {
  readonly registry: string;
  readonly retryPolicy: RetryPolicy;
  readonly #http: HttpClient;
  readonly #credentials: Credentials | undefined;
  readonly #insecure: InsecureRegistries | undefined;
  readonly #tokens = new Map<string, Token>();
  readonly #asking = new Map<string, Promise<Token>>();
  #root: Promise<URL> | undefined;
  #challenges: readonly Challenge[] = [];

  private constructor(
    registry: string,
    options: Omit<SessionOptions, 'retry'> & { readonly http: HttpClient; readonly retry: RetryPolicy },
  ) {
    this.registry = registry;
    this.#http = options.http;
    this.#credentials = options.credentials;
    this.#insecure = options.insecure;
    this.retryPolicy = options.retry;
  }

  static async open(registry: string, options: SessionOptions = {}): Promise<RegistrySession> {
    const userAgent = options.userAgent ?? `berth/0.1.0 (${process.platform}; ${process.arch})`;
    const retry = { ...DEFAULT_RETRY, ...options.retry };
    const { readTimeoutMs } = retry;
    const http = await openHttpClient(registry, { tls: options.tls, userAgent, readTimeoutMs });
    return new RegistrySession(registry, { ...options, http, retry });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#http[Symbol.asyncDispose]();
  }

  /**
   * Finds scheme and way of signing in by `GET /v2/`, once.
   *
   * @throws {TransferError} `REGISTRY_UNREACHABLE`, `CERTIFICATE_UNTRUSTED`, `PLAIN_HTTP_REFUSED`, `REGISTRY_BUSY`
   */
  async ping(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<URL> {
    if (this.#root === undefined) {
      const found = this.#findRoot(options.signal);
      this.#root = found;
      found.catch(() => {
        if (this.#root === found) this.#root = undefined;
      });
    }
    return this.#root;
  }

  /** Asks the registry whether it takes the credentials. @throws {TransferError} `UNAUTHENTICATED` */
  async verifyCredentials(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    const response = await this.request({
      method: 'GET',
      target: '/v2/',
      scopes: [],
      signal: options.signal,
    });
    if (response.status !== 200) {
      throw await responseFailure(response, `sign in to "${this.registry}"`, { hint: SIGN_IN_HINT });
    }
    await response.discard();
  }

  /** Sends below the registry's root without any sign-in and without redirects: for other APIs of the same origin. */
  async send({ target, ...request }: Omit<RegistryRequest, 'scopes'>): Promise<HttpResponse> {
    const url = this.#resolve(target, await this.ping({ signal: request.signal }));
    return this.#http.send({ ...request, url });
  }

  /** Sends with the right sign-in, follows redirects. Any final status is an answer; see `responseFailure`. */
  async request(request: RegistryRequest): Promise<HttpResponse> {
    const root = await this.ping({ signal: request.signal });
    let url = this.#resolve(request.target, root);
    let refused = false;
    for (let redirects = 0; ; ) {
      const isOwn = url.host === root.host;
      const authorization = isOwn ? await this.#authorization(request.scopes, request.signal) : undefined;
      const headers = { ...request.headers, ...(authorization === undefined ? {} : { authorization }) };
      const response = await this.#http.send({ ...request, url, headers }).catch((error: unknown) => {
        throw isCertificateError(error) ? networkFailure(error, url.host) : error;
      });
      // A body that was streamed is gone; its owner begins again with a fresh token.
      const { body } = request;
      const canRepeat = body === undefined || typeof body === 'string' || body instanceof Uint8Array;
      if (response.status === 401 && isOwn && !refused) {
        refused = true;
        const challenges = parseChallenges(response.headers('www-authenticate'));
        if (challenges.length > 0) this.#challenges = challenges;
        this.#tokens.delete(keyOf(request.scopes));
        if (!canRepeat || challenges.length === 0) return response;
        await response.discard();
        continue;
      }
      const location = response.header('location');
      const mayFollow = request.method === 'GET' || request.method === 'HEAD';
      if (!mayFollow || !REDIRECT_STATUS.has(response.status) || location === undefined) return response;
      await response.discard();
      redirects += 1;
      if (redirects > MAX_REDIRECTS) {
        throw new TransferError(
          'RESPONSE_INVALID',
          `Cannot follow "${url.host}": more than ${MAX_REDIRECTS} redirects`,
        );
      }
      url = this.#resolve(addressFrom(location, url), root);
    }
  }

  /** Runs `work` again after cuts and busy answers, with growing waits; only for work that may be done twice. */
  async retrying<T>(work: () => Promise<T>, options: RetryOptions = {}): Promise<T> {
    const backoff = new Backoff(this.retryPolicy, options.onRetry);
    for (;;) {
      options.signal?.throwIfAborted();
      try {
        return await work();
      } catch (error) {
        const failure = retryable(error);
        if (failure === undefined || !(await backoff.next(failure, options)))
          throw networkFailure(error, this.registry);
      }
    }
  }

  #resolve(target: string | URL, root: URL): URL {
    const url = new URL(target, root);
    // A registry behind a TLS proxy that does not know it names itself by http: it is the same place.
    if (url.hostname === root.hostname && root.protocol === 'https:' && url.protocol === 'http:') {
      if (url.host === root.host || url.port === '') return new URL(`${url.pathname}${url.search}`, root);
    }
    if (isLoopback(url.host) && !isLoopback(root.host) && url.hostname !== root.hostname) {
      throw new TransferError(
        'RESPONSE_INVALID',
        `Cannot follow "${this.registry}" to "${url.host}": a registry elsewhere has no services on this machine`,
      );
    }
    if (url.protocol === 'http:' && !allowsPlainHttp(url.host, this.#insecure))
      throw plainHttpRefused(url.host);
    return url;
  }

  async #authorization(
    scopes: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<string | undefined> {
    const bearer = this.#challenges.find(({ scheme }) => scheme === 'bearer');
    if (bearer === undefined) {
      const wantsBasic = this.#challenges.some(({ scheme }) => scheme === 'basic');
      return wantsBasic && this.#credentials !== undefined
        ? basicAuthorization(this.#credentials)
        : undefined;
    }
    return `Bearer ${(await this.#token(bearer, scopes, signal)).value}`;
  }

  async #token(
    challenge: Challenge,
    scopes: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<Token> {
    const key = keyOf(scopes);
    const known = this.#tokens.get(key);
    if (known !== undefined && known.freshUntilMs > performance.now()) return known;
    const running = this.#asking.get(key);
    if (running !== undefined) return running;
    const asking = this.retrying(
      () =>
        fetchToken(this.#http.send, {
          challenge,
          scopes,
          credentials: this.#credentials,
          registry: this.registry,
          allowsPlainHttp: (host) => allowsPlainHttp(host, this.#insecure),
          signal,
        }),
      { signal },
    ).finally(() => this.#asking.delete(key));
    this.#asking.set(key, asking);
    const token = await asking;
    this.#tokens.set(key, token);
    return token;
  }

  async #findRoot(signal: AbortSignal | undefined): Promise<URL> {
    const host = endpointOf(this.registry);
    let failure: unknown;
    let hasAnswered = false;
    for (const scheme of schemesFor(this.registry, this.#insecure)) {
      try {
        const root = new URL(`${scheme}://${host}/`);
        const response = await this.#pingOnce(root, signal);
        if (response !== undefined) return root;
        hasAnswered = true;
      } catch (error) {
        if (signal?.aborted) throw error;
        // A certificate that nobody trusts says more than a line that the first scheme cut.
        if (failure === undefined || isCertificateError(error)) failure = error;
        if (isWrongProtocol(error) && schemesFor(this.registry, this.#insecure).length === 1) {
          throw plainHttpRefused(this.registry, error);
        }
        // What fails here for another reason than the scheme fails with the next scheme as well.
        if (!isCut(error) && !isWrongProtocol(error)) break;
      }
    }
    // What one scheme answered says more than that the other was not spoken.
    if (failure !== undefined && !(hasAnswered && isWrongProtocol(failure)))
      throw networkFailure(failure, this.registry);
    throw new TransferError(
      'RESPONSE_INVALID',
      `Cannot use "${this.registry}": it does not answer like a registry`,
      { hint: 'Check the address: GET /v2/ on it should answer 200 or 401' },
    );
  }

  /** @returns `undefined` where something answers that is no registry */
  async #pingOnce(root: URL, signal: AbortSignal | undefined): Promise<HttpResponse | undefined> {
    return this.retrying(
      async () => {
        const url = new URL('/v2/', root);
        const response = await this.#http.send({ method: 'GET', url, signal }).catch((error: unknown) => {
          throw error instanceof Error ? new PingError(error) : error;
        });
        if (response.status === 429 || response.status >= 500)
          throw await responseFailure(response, 'ask for the registry');
        this.#challenges = parseChallenges(response.headers('www-authenticate'));
        await response.discard();
        return [200, 401, 403].includes(response.status) ? response : undefined;
      },
      { signal },
    ).catch((error: unknown) => {
      throw error instanceof PingError ? error.cause : error;
    });
  }
}

/** Keeps the first contact from being tried again: a wrong address should be said at once. */
class PingError extends Error {
  constructor(cause: Error) {
    super(reasonOf(cause), { cause });
  }
}

function keyOf(scopes: readonly string[]): string {
  return scopes.toSorted().join(' ');
}

function schemesFor(
  registry: string,
  insecure: InsecureRegistries | undefined,
): readonly ('http' | 'https')[] {
  if (isLoopback(registry)) return ['http', 'https'];
  return allowsPlainHttp(registry, insecure) ? ['https', 'http'] : ['https'];
}

function plainHttpRefused(registry: string, cause?: Error): TransferError {
  return new TransferError('PLAIN_HTTP_REFUSED', `Cannot use "${registry}": it does not speak TLS`, {
    hint: `If that is meant to be so, allow it: --plain-http or BERTH_INSECURE_REGISTRIES=${registry}`,
    ...(cause === undefined ? {} : { cause }),
  });
}
