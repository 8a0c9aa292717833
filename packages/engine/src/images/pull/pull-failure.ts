import { hasCode } from '@berth/errors';
import { EngineError } from '../../errors.ts';

interface RegistrySaid {
  readonly code: string;
  readonly message: string;
}

/**
 * What a registry refused, in the sentences of Docker that people and programs know.
 * @see moby: distribution/errors.go
 */
export function pullFailure(
  error: unknown,
  { name, reference }: { readonly name: string; readonly reference: string },
): unknown {
  if (!hasCode(error)) return error;
  const said = saidBy(error);
  switch (error.code) {
    case 'MANIFEST_UNKNOWN':
      return unknown(
        `manifest for ${reference} not found: ${said ?? 'manifest unknown: manifest unknown'}`,
        error,
      );
    case 'REPOSITORY_UNKNOWN':
      return unknown(
        `repository ${name} not found: ${said ?? 'name unknown: repository name not known to registry'}`,
        error,
      );
    case 'UNAUTHENTICATED':
    case 'DENIED':
      return unknown(
        `pull access denied for ${name}, repository does not exist or may require 'docker login': ` +
          `${said ?? 'denied: requested access to the resource is denied'}`,
        error,
      );
    default:
      return error;
  }
}

/** `manifest unknown: no such tag`, as the registry put it. */
export function saidBy(error: Error): string | undefined {
  const { detail } = error as { readonly detail?: { readonly errors?: readonly RegistrySaid[] } };
  const first = detail?.errors?.[0];
  if (first === undefined) return undefined;
  const code = first.code.toLowerCase().replaceAll('_', ' ');
  return first.message === '' ? code : `${code}: ${first.message}`;
}

function unknown(message: string, cause: Error): EngineError {
  return new EngineError('IMAGE_UNKNOWN', message, { cause });
}
