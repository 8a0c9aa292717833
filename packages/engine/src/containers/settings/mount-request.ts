import { posix } from 'node:path';
import { refused } from './refuse.ts';

/** What is to be mounted where, before volumes are made and other containers are asked. */
export type MountRequest =
  | {
      readonly type: 'bind';
      readonly source: string;
      readonly destination: string;
      readonly mode: string;
      readonly isReadonly: boolean;
      readonly propagation: string;
      readonly isRecursive: boolean;
      readonly makesSource: boolean;
    }
  | {
      readonly type: 'volume';
      /** `undefined`: an anonymous one. */
      readonly name: string | undefined;
      readonly destination: string;
      readonly mode: string;
      readonly isReadonly: boolean;
      readonly noCopy: boolean;
      readonly labels?: Readonly<Record<string, string>>;
    }
  | { readonly type: 'tmpfs'; readonly destination: string; readonly options: readonly string[] };

export const PROPAGATIONS: readonly string[] = [
  'private',
  'rprivate',
  'shared',
  'rshared',
  'slave',
  'rslave',
];

export function cleanDestination(path: string, type: string): string {
  const wrong = (why: string) => refused(`invalid mount config for type "${type}": ${why}`);
  if (path === '' || path === undefined) throw wrong('field Target must not be empty');
  if (typeof path !== 'string' || path.includes('\0')) throw wrong('invalid mount path');
  if (!path.startsWith('/')) throw wrong(`invalid mount path: '${path}' mount path must be absolute`);
  const clean = posix.normalize(path).replace(/(.)\/$/, '$1');
  if (clean === '/') throw wrong("invalid specification: destination can't be '/'");
  return clean;
}

export function volumeName(name: string): string {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name) && name.length <= 255) return name;
  throw refused(
    `create ${name}: "${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
  );
}
