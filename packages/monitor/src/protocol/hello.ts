import { MonitorError } from '../errors.ts';
import { type Hello, PROTOCOL_VERSION } from './messages.ts';

/** @throws {MonitorError} `MONITOR_VERSION` naming both; `PROTOCOL_BROKEN` */
export function checkHello(line: unknown, other: 'monitor' | 'engine'): Hello {
  const version =
    typeof line === 'object' && line !== null ? (line as Partial<Hello>)['berth-monitor'] : undefined;
  if (typeof version !== 'number')
    throw new MonitorError(
      'PROTOCOL_BROKEN',
      `Cannot talk to the ${other}: it did not begin with its version`,
    );
  if (version === PROTOCOL_VERSION) return line as Hello;
  const self = other === 'monitor' ? 'this engine' : 'this monitor';
  throw new MonitorError(
    'MONITOR_VERSION',
    `Cannot talk to the ${other}: it speaks version ${version} of their protocol, ${self} speaks version ${PROTOCOL_VERSION}`,
    {
      hint: 'Run the engine of the version that started the containers, stop them, and start the other one then',
      detail: { expected: PROTOCOL_VERSION, actual: version },
    },
  );
}
