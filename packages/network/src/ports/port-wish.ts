import { isIP } from 'node:net';
import { NetworkError } from '../errors.ts';
import type { PortRequest } from '../interface.ts';

/** A request for a port, read and checked. */
export interface Wish {
  readonly containerPort: number;
  readonly protocol: PortRequest['protocol'];
  readonly address: string | undefined;
  /** `undefined`: any free one. */
  readonly candidates: readonly number[] | undefined;
}

/** @throws {NetworkError} `PORT_INVALID`, `ADDRESS_INVALID` */
export function readRequest(request: PortRequest): Wish {
  const [first, last] =
    typeof request.hostPort === 'number'
      ? [request.hostPort, request.hostPort]
      : (request.hostPort ?? [0, 0]);
  for (const port of [request.containerPort, ...(first === 0 && last === 0 ? [] : [first, last])]) {
    if (Number.isInteger(port) && port >= 1 && port <= 65_535) continue;
    throw new NetworkError('PORT_INVALID', `Cannot publish port "${port}": expected 1 to 65535`);
  }
  if (first > last) {
    throw new NetworkError(
      'PORT_INVALID',
      `Cannot publish ports "${first}-${last}": the first is above the last`,
    );
  }
  return {
    containerPort: request.containerPort,
    protocol: request.protocol,
    address: readAddress(request),
    candidates:
      last === 0 ? undefined : Array.from({ length: last - first + 1 }, (_, index) => first + index),
  };
}

function readAddress(request: PortRequest): string | undefined {
  const address = request.hostAddress?.replace(/^\[(.*)\]$/, '$1');
  const family = isIP(address ?? '');
  if (address === undefined || address === '') return request.protocol === 'sctp' ? '0.0.0.0' : undefined;
  if (family === 0) {
    throw new NetworkError(
      'ADDRESS_INVALID',
      `Cannot publish a port on "${address}": it is not an IP address`,
    );
  }
  if (family === 6 && request.protocol === 'sctp') {
    throw new NetworkError(
      'ADDRESS_INVALID',
      `Cannot publish an SCTP port on "${address}": only on IPv4 addresses`,
      {
        hint: 'Leave the address out, or give one of IPv4',
      },
    );
  }
  return address;
}
