import { RuntimeError } from '../errors.ts';

/** What the runtime was asked to do, in the words that clients know from containerd. */
export type RuntimeVerb = 'create' | 'start' | 'exec' | 'kill' | 'pause' | 'resume' | 'delete';

/**
 * Gives a runtime's words a code. The sentence of containerd around them is kept in `detail.output`, since people and
 * clients match on it: `OCI runtime create failed: runc create failed: … : unknown`.
 *
 * The rules are those by which dockerd chooses exit codes: 127 when the command is not there, 126 when it may not be
 * run, 128 for everything else.
 */
export function translateFailure(
  verb: RuntimeVerb,
  words: string,
  options: { readonly cause?: unknown } = {},
): RuntimeError {
  const shown = withErrorsOfGo(words);
  const output = `OCI runtime ${verb} failed: ${shown}: unknown`;
  const text = shown.toLowerCase();
  const isOfCommand = verb === 'create' || verb === 'start' || verb === 'exec';
  const rest = {
    detail: { output },
    ...(options.cause === undefined ? {} : { cause: options.cause }),
  };
  if (isOfCommand && (text.includes('executable file not found') || isMissingCommand(text)))
    return new RuntimeError('COMMAND_NOT_FOUND', output, {
      ...rest,
      hint: 'Look for the command in the image, or give its whole path',
    });
  if (isOfCommand && (text.includes('permission denied') || text.includes('is a directory')))
    return new RuntimeError('COMMAND_NOT_EXECUTABLE', output, {
      ...rest,
      hint: 'The command must be a file that the container’s user may execute',
    });
  return new RuntimeError('RUNTIME_FAILED', output, rest);
}

/**
 * crun has the C library's words for an error, runc those of Go, and clients choose their exit code by the latter: docker gives
 * 127 for "no such file or directory" and 126 for "permission denied", in small letters. What crun may not open as the command is
 * a folder or the like, for which it says "Operation not permitted".
 */
function withErrorsOfGo(words: string): string {
  return words
    .replace(/\bopen executable: Operation not permitted\b/, 'open executable: permission denied')
    .replace(/\b(No such file or directory|Permission denied|Is a directory)\b/g, (text) =>
      text.toLowerCase(),
    );
}

/** "no such file or directory" may also be of a mount's source; of the command it comes with `exec:` or `stat`. */
function isMissingCommand(text: string): boolean {
  if (!text.includes('no such file or directory')) return false;
  return (
    /\bexec: |\bexec failed|executable file/.test(text) && !/\bmounting\b|\bmount (source|through)/.test(text)
  );
}
