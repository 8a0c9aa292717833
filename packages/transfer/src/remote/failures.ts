import { hasCode } from '@berth/errors';
import { readAll } from '@berth/oci';
import { TransferError, type TransferErrorCode } from '../errors.ts';
import type { HttpResponse } from './http.ts';
import { isCut, isSilence, parseRetryAfter, type Retryable } from './retry.ts';

/** What an error body may have; the rest is not read. */
const ERROR_BODY_LIMIT_BYTES = 64 * 1024;
const SHOWN_TEXT_LENGTH = 400;

/** One entry of the registry's error body. @see distribution-spec v1.1, "Error Codes" */
export interface RegistryErrorEntry {
  readonly code: string;
  readonly message: string;
}

/** Turns an answer that is not the hoped one into an error that carries the registry's own words. */
export async function responseFailure(
  response: HttpResponse,
  action: string,
  options: { readonly notFound?: TransferErrorCode; readonly hint?: string } = {},
): Promise<TransferError> {
  const { status } = response;
  const { entries, text } = await readErrorBody(response);
  const words = entries
    .map(({ code, message }) => (message === '' ? code : `${code}: ${message}`))
    .join('; ');
  const said = words === '' ? text : words;
  const code = codeFor(status, entries, options.notFound ?? 'MANIFEST_UNKNOWN');
  const hint =
    (code === 'UNAUTHENTICATED' ? options.hint : undefined) ??
    hintFor(code, { host: response.url.host, status });
  const retryAfterMs = parseRetryAfter(response.header('retry-after'));
  return new TransferError(
    code,
    `Cannot ${action}: "${response.url.host}" answered ${status}${said === '' ? '' : ` (${said})`}`,
    {
      ...(hint === undefined ? {} : { hint }),
      detail: { status, errors: entries, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
    },
  );
}

function hintFor(
  code: TransferErrorCode,
  { host, status }: { readonly host: string; readonly status: number },
): string | undefined {
  if (status === 507) return 'Free space on the disk of the registry, then push again';
  const login = `berth login ${host.replace('registry-1.docker.io', 'docker.io')}`;
  if (code === 'UNAUTHENTICATED') return `Sign in with an account that may do this: ${login}`;
  if (code === 'DENIED') return `Sign in with another account that may do this: ${login}`;
  return code === 'REGISTRY_BUSY' ? 'Try again later; what arrived so far is kept and used' : undefined;
}

function codeFor(
  status: number,
  entries: readonly RegistryErrorEntry[],
  notFound: TransferErrorCode,
): TransferErrorCode {
  const codes = new Set(entries.map(({ code }) => code));
  if (status === 401) return 'UNAUTHENTICATED';
  if (status === 403) return 'DENIED';
  if (status === 404) {
    if (codes.has('NAME_UNKNOWN')) return 'REPOSITORY_UNKNOWN';
    return codes.has('BLOB_UNKNOWN') ? 'BLOB_UNKNOWN' : notFound;
  }
  if (status === 507) return 'REGISTRY_REFUSED';
  if (status === 408 || status === 429 || status >= 500) return 'REGISTRY_BUSY';
  return 'REGISTRY_REFUSED';
}

async function readErrorBody(
  response: HttpResponse,
): Promise<{ readonly entries: readonly RegistryErrorEntry[]; readonly text: string }> {
  const text = await readCapped(response);
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const isHtml = /^\s*</.test(text);
    return { entries: [], text: isHtml ? '' : shorten(text) };
  }
  if (typeof body !== 'object' || body === null) return { entries: [], text: shorten(text) };
  const { errors, message, details } = body as { errors?: unknown; message?: unknown; details?: unknown };
  const entries = (Array.isArray(errors) ? errors : []).slice(0, 20).flatMap((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null) return [];
    const { code, message } = entry as { code?: unknown; message?: unknown };
    return typeof code === 'string'
      ? [{ code: shorten(code), message: shorten(typeof message === 'string' ? message : '') }]
      : [];
  });
  const plain = [message, details].find((value) => typeof value === 'string');
  return { entries, text: shorten(plain ?? '') };
}

async function readCapped(response: HttpResponse): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of response.body) {
      chunks.push(Uint8Array.from(chunk.subarray(0, ERROR_BODY_LIMIT_BYTES - size)));
      size += chunk.length;
      if (size >= ERROR_BODY_LIMIT_BYTES) break;
    }
  } catch (error) {
    if (!isCut(error)) throw error;
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}

/** One line without what steers a terminal or turns the direction of writing. */
function shorten(text: string): string {
  const line = text.replaceAll(/[\s\p{Cc}\p{Cf}]+/gu, ' ').trim();
  return line.length > SHOWN_TEXT_LENGTH ? `${line.slice(0, SHOWN_TEXT_LENGTH)}…` : line;
}

const CERTIFICATE_CODES = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_UNTRUSTED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

export function isCertificateError(error: unknown): error is Error {
  if (error instanceof AggregateError) return error.errors.some(isCertificateError);
  return hasCode(error) && CERTIFICATE_CODES.has(error.code);
}

/** The other side does not speak TLS where we did, or the other way round. */
export function isWrongProtocol(error: unknown): error is Error {
  return hasCode(error) && (error.code === 'EPROTO' || /^(ERR_SSL|HPE_)/.test(error.code));
}

/** The error to show when no answer came at all; what is not of the network is given back as it is. */
export function networkFailure(error: unknown, registry: string): unknown {
  if (isCertificateError(error)) {
    return new TransferError(
      'CERTIFICATE_UNTRUSTED',
      `Cannot trust the certificate of "${registry}": ${reasonOf(error).replace(/; if the root CA.*$/s, '')}`,
      {
        cause: error,
        hint: `Name its authority by BERTH_REGISTRY_CA, or put it into /etc/containers/certs.d/${registry}/ca.crt`,
      },
    );
  }
  if (isCut(error) || isWrongProtocol(error) || (hasCode(error) && error.code === 'ENOTFOUND')) {
    return new TransferError('REGISTRY_UNREACHABLE', `Cannot reach "${registry}": ${reasonOf(error)}`, {
      cause: error,
      hint: 'Check the address and that the registry runs',
    });
  }
  return error;
}

export function reasonOf(error: unknown): string {
  if (isWrongProtocol(error)) return 'it does not speak the protocol it was spoken to in (HTTP or TLS)';
  if (error instanceof AggregateError && error.message === '') return reasonOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}

/** @returns why a second try may help, or `undefined` when it will not */
export function retryable(error: unknown): Retryable | undefined {
  if (isCut(error)) return { reason: reasonOf(error), isSilence: isSilence(error) };
  if (!hasCode(error) || error.code !== 'REGISTRY_BUSY') return undefined;
  const { detail } = error as TransferError;
  const { status, retryAfterMs } = (detail ?? {}) as { status?: number; retryAfterMs?: number };
  if (status === 501 || status === 505) return undefined;
  return {
    reason: `the registry answered ${status}`,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

/** Reads a small JSON answer. @throws {TransferError} `RESPONSE_INVALID` */
export async function readJson(response: HttpResponse, maxSizeBytes: number, what: string): Promise<unknown> {
  const bytes = await readAll(response.body, { maxSizeBytes, what });
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new TransferError(
      'RESPONSE_INVALID',
      `Cannot read the ${what} from "${response.url.host}": not JSON`,
      { cause },
    );
  }
}
