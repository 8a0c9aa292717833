import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { CliError } from '../errors.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What keeps an engine from running here. */
export type EngineObstacle =
  | { readonly kind: 'system'; readonly platform: string }
  | { readonly kind: 'not-root' }
  /** No OCI runtime; the package brings one. */
  | { readonly kind: 'program'; readonly program: string; readonly packages: readonly string[] };

/** In the order in which they are preferred. */
const RUNTIMES = ['runc', 'crun'];

/** Looks and changes nothing. @returns `undefined` where an engine can be tried */
export function engineObstacle(options: {
  readonly env: Environment;
  readonly runtime?: string | undefined;
}): EngineObstacle | undefined {
  if (process.platform !== 'linux') return { kind: 'system', platform: process.platform };
  if (process.geteuid?.() !== 0) return { kind: 'not-root' };
  const wanted = options.runtime === undefined ? RUNTIMES : [options.runtime];
  if (wanted.some((program) => isProgram(program, options.env))) return undefined;
  const [program = 'runc'] = wanted;
  return { kind: 'program', program, packages: program === 'crun' ? ['crun'] : ['runc'] };
}

export function isProgram(program: string, { PATH = '' }: Environment): boolean {
  const places = isAbsolute(program)
    ? [program]
    : PATH.split(delimiter)
        .filter((folder) => folder !== '')
        .map((folder) => join(folder, program));
  return places.some(mayRun);
}

function mayRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** As an error, for `BERTH_ENGINE=on` and `berth engine`. */
export function obstacleError(obstacle: EngineObstacle): CliError {
  switch (obstacle.kind) {
    case 'system':
      return new CliError(
        'ENGINE_UNSUPPORTED',
        `Cannot run the engine on "${obstacle.platform}": it needs Linux`,
        {
          hint: 'The Hub runs everywhere: BERTH_ENGINE=off',
        },
      );
    case 'not-root':
      return new CliError('ENGINE_UNSUPPORTED', 'Cannot run the engine: it needs root', {
        hint: 'Start it with sudo, or set BERTH_ENGINE=off for the Hub alone',
      });
    default:
      return new CliError('ENGINE_UNSUPPORTED', `Cannot run the engine: there is no "${obstacle.program}"`, {
        hint: `Install it: apt-get install ${obstacle.packages.join(' ')}`,
        detail: { program: obstacle.program },
      });
  }
}
