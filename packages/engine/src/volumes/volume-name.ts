import { EngineError } from '../errors.ts';

const ALLOWED = '[a-zA-Z0-9][a-zA-Z0-9_.-]';
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
/** A folder of this name is made. */
const MAX_LENGTH = 255;

/** @throws {EngineError} `VOLUME_INVALID` in Docker's words */
export function checkVolumeName(name: string): void {
  if (name.length === 1) {
    throw invalid(name, 'volume name is too short, names should be at least two alphanumeric characters');
  }
  if (!NAME.test(name)) {
    throw invalid(
      name,
      `"${name.slice(0, 200)}" includes invalid characters for a local volume name, only "${ALLOWED}" are allowed. ` +
        'If you intended to pass a host directory, use absolute path',
    );
  }
  if (name.length > MAX_LENGTH)
    throw invalid(name, `volume name is too long: at most ${MAX_LENGTH} characters are allowed`);
}

function invalid(name: string, message: string): EngineError {
  return new EngineError('VOLUME_INVALID', `create ${name.slice(0, 200)}: ${message}`);
}
