import { libc } from './libc.ts';

/**
 * Gives the system back what `malloc` keeps for later, megabytes after large work. Takes a few milliseconds. The C library of
 * glibc can do that; with another one nothing happens.
 */
export function trimMemory(): void {
  libc().mallocTrim(0);
}
