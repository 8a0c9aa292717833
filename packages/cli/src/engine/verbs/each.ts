import { isAbort } from '@berth/errors';
import { isApiError } from '../client/api-error.ts';
import { type VerbCall, VerbError } from './interface.ts';

const AT_ONCE = 50;

/**
 * Does one thing with every argument, many at once, and prints each that it went well for, in their order. The errors come
 * at the end, one line each.
 *
 * @param act gives the line to print; nothing prints nothing
 * @throws {VerbError} when something went wrong with at least one
 */
export async function forEach(
  { out, args }: Pick<VerbCall, 'out' | 'args'>,
  act: (name: string) => Promise<string | undefined>,
): Promise<void> {
  const errors: string[] = [];
  for (let at = 0; at < args.length; at += AT_ONCE) {
    const results = await Promise.allSettled(args.slice(at, at + AT_ONCE).map(act));
    for (const result of results) {
      if (result.status === 'fulfilled') {
        if (result.value !== undefined) out.line(result.value);
      } else if (isApiError(result.reason)) errors.push(result.reason.words);
      else if (isAbort(result.reason) || !(result.reason instanceof VerbError)) throw result.reason;
      else errors.push(result.reason.message);
    }
  }
  if (errors.length > 0) throw new VerbError(errors.join('\n'));
}

/** The part of a path that names a container, image or volume. */
export function part(name: string): string {
  return encodeURIComponent(name);
}
