import { IndexError } from '../errors.ts';

/** One scope as a client asks for it. @see distribution, docs/content/spec/auth/scope.md */
export interface RequestedScope {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

const MAX_SCOPES = 100;

/**
 * Reads every `scope` parameter; each may hold several scopes parted by blanks. The name may hold colons (a host
 * with a port), so it reaches from the first colon to the last.
 *
 * @throws {IndexError} `SCOPE_INVALID`
 */
export function parseScopes(parameters: readonly string[]): readonly RequestedScope[] {
  const texts = parameters.flatMap((parameter) => parameter.split(' ')).filter((text) => text !== '');
  if (texts.length > MAX_SCOPES) {
    throw new IndexError(
      'SCOPE_INVALID',
      `Cannot give a token for ${texts.length} scopes: at most ${MAX_SCOPES} are taken`,
      { hint: 'ask for several tokens' },
    );
  }
  return texts.map(parseScope);
}

function parseScope(text: string): RequestedScope {
  const first = text.indexOf(':');
  const last = text.lastIndexOf(':');
  if (first < 1 || last === first) {
    throw new IndexError(
      'SCOPE_INVALID',
      `Cannot read scope "${text.slice(0, 200)}": expected type:name:actions`,
      { hint: 'ask for instance for repository:alice/app:pull,push', detail: { field: 'scope' } },
    );
  }
  const actions = text
    .slice(last + 1)
    .split(',')
    .filter((action) => action !== '');
  return { type: text.slice(0, first), name: text.slice(first + 1, last), actions };
}
