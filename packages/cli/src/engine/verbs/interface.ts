/**
 * A *verb* is a command of `berth` that speaks to the engine: `ps`, `run`, `image ls`. Its words, flags, output and exit
 * codes are those of `docker`, and so is the way its command line is read (`flags/interface.ts`).
 *
 *     export const pause: Verb = {
 *       usage: 'CONTAINER [CONTAINER...]',
 *       description: 'Pause all processes within one or more containers',
 *       flags: [],
 *       args: [1],
 *       run: ({ api, args, out }) => forEach(args, …),
 *     };
 *
 * A verb is a file; `table.ts` names them all. Only the file of the verb that is run is loaded, and no commander, no
 * settings schema, no registry client, unless it needs them: `berth ps` must not be waited for.
 *
 * What a verb throws ends it: `ApiError` in docker's words, `VerbError` as it says itself, anything else as everywhere in
 * berth. A verb that ends without an exception may still set `call.exitCode`.
 */
import type { CliContext } from '../../context.ts';
import type { EngineClient } from '../client/engine-client.ts';
import type { Flag, ParsedFlags } from '../flags/interface.ts';
import type { VerbOutput } from './output.ts';

export interface Verb {
  /** What stands behind the name in the help; several lines where there are several ways. */
  readonly usage: string;
  readonly description: string;
  /** Below the flags in the help. */
  readonly notes?: string;
  readonly flags: readonly Flag[];
  /** How many arguments it takes, at least and at most. */
  readonly args: readonly [min: number, max?: number];
  /** Everything from the first argument on is an argument: a command line for a container. */
  readonly isCommandLine?: boolean;
  /** Errors before the container runs end with 125 and the prefix "berth: ". */
  readonly isRun?: boolean;
  run(call: VerbCall): Promise<void>;
}

export interface VerbCall {
  readonly api: EngineClient;
  readonly flags: ParsedFlags;
  readonly args: readonly string[];
  readonly out: VerbOutput;
  readonly context: CliContext;
  /** As it was typed: `container ls`. */
  readonly name: string;
  exitCode: number;
}

/** The flags that every verb has. */
export const COMMON_FLAGS: readonly Flag[] = [
  { name: 'format', kind: 'text', value: 'format', description: 'How answers are printed: text or json' },
  {
    name: 'socket',
    kind: 'text',
    value: 'path',
    description: 'Socket of the engine [BERTH_SOCKET, DOCKER_HOST]',
  },
  { name: 'config', kind: 'text', value: 'file', description: 'Settings file [BERTH_CONFIG]' },
];

export interface VerbErrorOptions {
  readonly exitCode?: number;
}

/** An end of a verb that says all there is to say; an empty text says nothing. */
export class VerbError extends Error {
  readonly code = 'VERB';
  readonly exitCode: number;

  constructor(text: string, { exitCode = 1 }: VerbErrorOptions = {}) {
    super(text);
    this.name = 'VerbError';
    this.exitCode = exitCode;
  }
}
