import { type ParseReferenceOptions, parseReference, type Reference } from '@berth/oci';
import { TransferError } from './errors.ts';

/** A place that images are copied from or to, as a user writes it. */
export type Location =
  | { readonly kind: 'registry'; readonly reference: Reference }
  | {
      readonly kind: 'oci' | 'oci-archive' | 'docker-archive';
      readonly path: string;
      readonly reference?: string;
    };

const FILE_KINDS = ['oci', 'oci-archive', 'docker-archive'] as const;

/**
 * Reads `docker://name[:tag]`, `oci:folder[:name]`, `oci-archive:file[:name]`, `docker-archive:file[:name:tag]`
 * or a bare reference. A path ends at its first colon, as with other tools.
 *
 * @throws {TransferError} `LOCATION_INVALID`
 * @throws {OciError} as `parseReference`
 */
export function parseLocation(text: string, options: ParseReferenceOptions = {}): Location {
  if (text.startsWith('docker://')) {
    return { kind: 'registry', reference: parseReference(text.slice('docker://'.length), options) };
  }
  for (const kind of FILE_KINDS) {
    if (!text.startsWith(`${kind}:`)) continue;
    const rest = text.slice(kind.length + 1);
    const colon = rest.indexOf(':');
    const path = colon === -1 ? rest : rest.slice(0, colon);
    const reference = colon === -1 ? '' : rest.slice(colon + 1);
    if (path === '') {
      throw new TransferError(
        'LOCATION_INVALID',
        `Cannot read location "${text}": there is no path after "${kind}:"`,
        {
          hint: `Write for instance ${kind}:./image`,
        },
      );
    }
    return { kind, path, ...(reference === '' ? {} : { reference }) };
  }
  const scheme = /^([a-z][a-z0-9-]*):(\.{0,2}\/|\/\/)/.exec(text)?.[1];
  if (scheme !== undefined) {
    throw new TransferError(
      'LOCATION_INVALID',
      `Cannot read location "${text}": "${scheme}" is no kind of place`,
      {
        hint: 'Use name[:tag], docker://name[:tag], oci:folder[:name], oci-archive:file or docker-archive:file[:name:tag]',
      },
    );
  }
  return { kind: 'registry', reference: parseReference(text, options) };
}
