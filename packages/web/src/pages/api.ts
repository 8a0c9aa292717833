/** The calls that the pages make. Shapes are those of the Hub API (`/api/openapi.json`). */

export interface Session {
  readonly user: { readonly username: string; readonly is_admin: boolean } | null;
  readonly setupNeeded: boolean;
  readonly signUp: 'open' | 'closed';
  readonly version: string;
}

export interface RepositoryRow {
  readonly namespace: string;
  readonly name: string;
  readonly description: string;
  readonly is_private: boolean;
  readonly last_updated: string;
}

export interface TagRow {
  readonly name: string;
  readonly digest: string;
  readonly full_size: number;
  readonly tag_last_pushed: string;
  readonly last_updater_username: string;
  readonly images: readonly {
    readonly os: string;
    readonly architecture: string;
    readonly variant: string | null;
    readonly digest: string;
    readonly size: number;
  }[];
}

export interface Paged<Row> {
  readonly count: number;
  readonly next: string | null;
  readonly results: readonly Row[];
}

/** A refused call: `message` is the server's own sentence, `fields` name the inputs it speaks of. */
export class ApiError extends Error {
  readonly status: number;
  /** The Hub's own code, `CREDENTIALS_WRONG`; empty when something before the Hub answered. */
  readonly code: string;
  readonly fields: Readonly<Record<string, string>>;

  constructor(
    message: string,
    answer: { readonly status: number; readonly code?: string; readonly fields?: Record<string, string> },
  ) {
    super(message);
    this.status = answer.status;
    this.code = answer.code ?? '';
    this.fields = answer.fields ?? {};
  }
}

export function fetchSession(signal: AbortSignal): Promise<Session> {
  return call('/api/session', { signal });
}

export function fetchRepositories(page: number, signal: AbortSignal): Promise<Paged<RepositoryRow>> {
  return call(`/api/repositories?page=${page}&page_size=50`, { signal });
}

export function fetchRepository(
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<RepositoryRow> {
  return call(`/v2/namespaces/${path(namespace)}/repositories/${path(name)}`, { signal });
}

export function fetchTags(
  namespace: string,
  name: string,
  page: number,
  signal: AbortSignal,
): Promise<Paged<TagRow>> {
  const query = `page=${page}&page_size=50`;
  return call(`/v2/namespaces/${path(namespace)}/repositories/${path(name)}/tags?${query}`, { signal });
}

/** Sends one of the sign-in forms; the answer sets the session's cookie. */
export function sendForm(
  action: '/sign-in' | '/sign-up' | '/setup' | '/sign-out',
  fields: Record<string, string>,
): Promise<unknown> {
  return call(action, { method: 'POST', body: new URLSearchParams(fields) });
}

/** A repository's name may have slashes; in an address of the API they are escaped. */
function path(segment: string): string {
  return encodeURIComponent(segment);
}

async function call<T>(url: string, init: RequestInit): Promise<T> {
  const response = await fetch(url, {
    ...init,
    headers: { accept: 'application/json' },
    credentials: 'same-origin',
  });
  const text = await response.text();
  const body: unknown = text === '' ? {} : parseJson(text);
  if (response.ok) return body as T;
  const { message, code, fields } = body as {
    message?: string;
    code?: string;
    fields?: Record<string, string>;
  };
  throw new ApiError(message ?? `${response.status} ${response.statusText}`, {
    status: response.status,
    ...(code === undefined ? {} : { code }),
    ...(fields === undefined ? {} : { fields }),
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { message: text.slice(0, 300) };
  }
}
