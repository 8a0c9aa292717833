import { hasCode } from '@berth/errors';
import { EngineError } from '../../errors.ts';

export interface StartFailure {
  readonly exitCode: number;
  readonly error: EngineError;
}

/**
 * Docker's exit code and sentence for a container that did not start. Clients look for "executable file not found", "no such
 * file or directory" and "permission denied" in it to choose their own exit code.
 */
export function startFailure(error: unknown, network = ''): StartFailure {
  const code = hasCode(error) ? error.code : 'INTERNAL';
  const exitCode = code === 'COMMAND_NOT_FOUND' ? 127 : code === 'COMMAND_NOT_EXECUTABLE' ? 126 : 128;
  if (error instanceof EngineError) return { exitCode, error };
  const message = error instanceof Error ? error.message : String(error);
  // No hint: clients print what they get, and these are Docker's sentences.
  const options = { cause: error };
  switch (code) {
    case 'COMMAND_NOT_FOUND':
    case 'COMMAND_NOT_EXECUTABLE':
      return {
        exitCode,
        error: new EngineError('COMMAND_REFUSED', `${TASK}${runtimeWords(error)}`, options),
      };
    case 'RUNTIME_FAILED':
      return { exitCode, error: new EngineError('START_FAILED', `${TASK}${runtimeWords(error)}`, options) };
    case 'USER_UNKNOWN':
    case 'USER_OUT_OF_RANGE':
    case 'ACCOUNT_FILE_REFUSED':
    case 'DEVICE_INVALID':
    case 'SECCOMP_PROFILE_INVALID':
      return { exitCode, error: new EngineError('CONFIG_REFUSED', message, options) };
    case 'NETWORK_UNKNOWN':
      return {
        exitCode,
        error: new EngineError('NETWORK_UNKNOWN', `${NETWORKING}network ${network} not found`, options),
      };
    case 'PORT_TAKEN':
      return {
        exitCode,
        error: new EngineError('START_FAILED', `${NETWORKING}${portTaken(error, message)}`, options),
      };
    case 'PORT_RANGE_TAKEN':
    case 'PORT_NOT_ALLOWED':
    case 'PORT_INVALID':
    case 'ADDRESS_NOT_HERE':
    case 'ADDRESSES_EXHAUSTED':
      return {
        exitCode,
        error: new EngineError('START_FAILED', `${NETWORKING}${message}`, options),
      };
    default:
      return { exitCode, error: new EngineError('START_FAILED', message, options) };
  }
}

const NETWORKING = 'failed to set up container networking: ';
const TASK = 'failed to create task for container: failed to create shim task: ';

/** Clients look for "port is already allocated"; who has it stands behind. */
function portTaken(error: unknown, message: string): string {
  const { hostAddress, hostPort } =
    (error as { detail?: { hostAddress?: unknown; hostPort?: unknown } }).detail ?? {};
  const bind = `Bind for ${String(hostAddress)}:${String(hostPort)} failed: port is already allocated`;
  return `driver failed programming external connectivity: ${bind} (${message})`;
}

/** What the runtime said, if it said anything. */
export function runtimeWords(error: unknown): string {
  const output = (error as { detail?: { output?: unknown } }).detail?.output;
  const text = typeof output === 'string' && output.trim() !== '' ? output : (error as Error).message;
  return text.trim().replace(/\s*\n\s*/g, ' ');
}
