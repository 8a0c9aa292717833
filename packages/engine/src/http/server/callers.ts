import type { IncomingMessage } from 'node:http';
import { isLoopback } from '@berth/transfer';
import { EngineError } from '../../errors.ts';

const HOST = /^(?:\[[0-9a-fA-F:.]+\]|[^:[\]/@\s]+)(?::[0-9]{1,5})?$/;

/** `local`: who can open the socket's file may do everything. `loopback`: every page in a browser can reach the port. */
export type CallerRules = 'local' | 'loopback';

/**
 * Keeps pages in a browser away from a TCP port: they say where they come from (`Origin`, `Sec-Fetch-Site`), and a page
 * that has bent its own name to 127.0.0.1 says that name in `Host`.
 *
 * @throws {EngineError} `CALLER_REFUSED`
 */
export function refuseStrangers(req: IncomingMessage, rules: CallerRules): void {
  if (rules === 'local') return;
  const { origin, host, 'sec-fetch-site': fetchSite } = req.headers;
  if (origin !== undefined || fetchSite !== undefined) {
    throw new EngineError('CALLER_REFUSED', 'requests of pages in a browser are refused');
  }
  if (host === undefined || !HOST.test(host) || !isLoopback(host)) {
    throw new EngineError('CALLER_REFUSED', `the host "${host ?? ''}" is not this machine's loopback`);
  }
}
