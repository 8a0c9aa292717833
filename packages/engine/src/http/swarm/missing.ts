import { EngineError } from '../../errors.ts';
import type { Answer } from '../server/route.ts';

/** Clients match on this sentence and leave swarm alone. */
export const notASwarm: Answer = () => {
  throw new EngineError(
    'NOT_A_SWARM',
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
  );
};

/** An endpoint of Docker's that Berth does not have: says what is missing, never a silent success. */
export function missing(what: string, hint?: string): Answer {
  return () => {
    throw new EngineError('NOT_IMPLEMENTED', `${what} not supported`, hint === undefined ? {} : { hint });
  };
}
