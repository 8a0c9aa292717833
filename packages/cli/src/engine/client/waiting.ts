import type { IncomingMessage } from 'node:http';
import { CliError } from '../../errors.ts';
import type { EngineClient } from './engine-client.ts';
import { jsonLines } from './json-lines.ts';

/** A question that the engine has heard and answers when the container has ended; disposing takes it back. */
export interface Waiting extends Disposable {
  /** @returns the exit code; 125 when the engine could not learn it. @throws {CliError} `ENGINE_GONE` */
  exitCode(): Promise<number>;
}

/** Resolves when nothing can be missed any more: a container may be started then. */
export async function waitFor(
  api: EngineClient,
  id: string,
  condition: 'not-running' | 'next-exit' | 'removed',
): Promise<Waiting> {
  const answer = await api.send({ method: 'POST', path: `/containers/${id}/wait`, query: { condition } });
  // Read at once: an answer that nobody reads holds its connection.
  const code = readCode(answer, id);
  code.catch(() => {});
  return { exitCode: () => code, [Symbol.dispose]: () => void answer.destroy() };
}

async function readCode(answer: IncomingMessage, id: string): Promise<number> {
  type Result = { readonly StatusCode: number; readonly Error?: { readonly Message?: string } | null };
  let cause: unknown;
  try {
    for await (const { StatusCode, Error: failure } of jsonLines<Result>(answer)) {
      return failure?.Message === undefined ? StatusCode : 125;
    }
  } catch (error) {
    cause = error;
  }
  throw new CliError('ENGINE_GONE', 'The engine was stopped while the container ran', {
    hint: `The container runs on: "berth attach ${id.slice(0, 12)}" when the engine is back`,
    cause,
  });
}
