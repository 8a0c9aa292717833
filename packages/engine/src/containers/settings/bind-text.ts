import { posix } from 'node:path';
import { cleanDestination, type MountRequest, PROPAGATIONS, volumeName } from './mount-request.ts';
import { refused } from './refuse.ts';

/** `-v source:/destination[:options]`; a source without slash in front is a volume. @throws {EngineError} `CONFIG_REFUSED` */
export function parseBind(text: string): MountRequest {
  const parts = text.split(':');
  const [source = '', destination = '', mode = ''] = parts;
  if (parts.length < 2 || parts.length > 3 || source === '' || destination === '') {
    throw refused(`invalid volume specification: '${text}'`);
  }
  const isBind = source.startsWith('/');
  const options = readOptions(mode, isBind);
  const clean = destinationOf(destination, { text, isBind });
  if (!isBind) {
    return {
      type: 'volume',
      name: volumeName(source),
      destination: clean,
      mode: mode === '' ? 'z' : mode,
      isReadonly: options.isReadonly,
      noCopy: options.noCopy,
    };
  }
  return {
    type: 'bind',
    source: posix.normalize(source).replace(/(.)\/$/, '$1'),
    destination: clean,
    mode,
    isReadonly: options.isReadonly,
    propagation: options.propagation,
    isRecursive: true,
    makesSource: true,
  };
}

function destinationOf(
  path: string,
  { text, isBind }: { readonly text: string; readonly isBind: boolean },
): string {
  try {
    return cleanDestination(path, isBind ? 'bind' : 'volume');
  } catch (error) {
    throw refused(`invalid volume specification: '${text}': ${(error as Error).message}`);
  }
}

/** SELinux labels and macOS consistency say nothing here, and clients send them. */
const HARMLESS = new Set(['z', 'Z', 'consistent', 'cached', 'delegated', 'volume']);

function readOptions(
  mode: string,
  isBind: boolean,
): { readonly isReadonly: boolean; readonly noCopy: boolean; readonly propagation: string } {
  let access: string | undefined;
  let propagation: string | undefined;
  let noCopy = false;
  for (const option of mode === '' ? [] : mode.split(',')) {
    const isAccess = option === 'ro' || option === 'rw';
    const isPropagation = PROPAGATIONS.includes(option);
    if (isAccess && access === undefined) access = option;
    else if (isPropagation && isBind && propagation === undefined) propagation = option;
    else if (option === 'nocopy' && !isBind) noCopy = true;
    else if (!HARMLESS.has(option)) throw refused(`invalid mode: ${mode}`);
  }
  return { isReadonly: access === 'ro', noCopy, propagation: propagation ?? 'rprivate' };
}
