import { hasCode } from '@berth/errors';
import { NetworkError } from '../errors.ts';
import type { PortRequest } from '../interface.ts';
import { findPortUser } from './port-user.ts';
import type { Wish } from './port-wish.ts';

/** A port of the machine that a container has. `address` `undefined`: all of both families. */
export interface Claim {
  readonly containerId: string;
  readonly protocol: PortRequest['protocol'];
  readonly address: string | undefined;
  readonly port: number;
}

function show({ protocol, address, port }: Claim): string {
  return `port ${port}/${protocol}${address === undefined ? '' : ` of "${address}"`}`;
}

function detailOf(
  claim: Claim,
  holder?: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  return {
    hostAddress: claim.address ?? '0.0.0.0',
    hostPort: claim.port,
    protocol: claim.protocol,
    ...(holder === undefined ? {} : { holder }),
  };
}

export function takenByContainer(claim: Claim, rival: Claim): NetworkError {
  return new NetworkError(
    'PORT_TAKEN',
    `Cannot publish ${show(claim)}: container "${rival.containerId.slice(0, 12)}" has it`,
    {
      detail: detailOf(claim, { kind: 'container', id: rival.containerId }),
      hint: 'Stop that container, or publish another port',
    },
  );
}

export async function takenBySomebody(claim: Claim, cause: unknown): Promise<NetworkError> {
  const user = claim.protocol === 'sctp' ? undefined : await findPortUser(claim.protocol, claim.port);
  const who =
    user === undefined ? 'a process of this machine has it' : `process ${user.pid} ("${user.name}") has it`;
  return new NetworkError('PORT_TAKEN', `Cannot publish ${show(claim)}: ${who}`, {
    cause,
    detail: detailOf(claim, user === undefined ? undefined : { kind: 'process', ...user }),
    hint: 'End that process, or publish another port',
  });
}

export function explain(claim: Claim, error: unknown): unknown {
  if (!hasCode(error)) return error;
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT') {
    return new NetworkError(
      'ADDRESS_NOT_HERE',
      `Cannot publish ${show(claim)}: this machine does not have the address`,
      {
        cause: error,
        detail: detailOf(claim),
        hint: 'ip address lists those it has',
      },
    );
  }
  if (error.code === 'EACCES') {
    return new NetworkError(
      'PORT_NOT_ALLOWED',
      `Cannot publish ${show(claim)}: the kernel does not allow it`,
      {
        cause: error,
        detail: detailOf(claim),
        hint: 'Ports below net.ipv4.ip_unprivileged_port_start need root',
      },
    );
  }
  return error;
}

export function noneFree(wish: Wish, isTried: boolean): NetworkError {
  const [first, last] = [wish.candidates?.[0], wish.candidates?.at(-1)];
  const which = first === undefined ? 'any port' : `a port of ${first}-${last}`;
  const who = isTried ? 'all are in use' : 'containers have all of them';
  return new NetworkError('PORT_RANGE_TAKEN', `Cannot publish ${which}/${wish.protocol}: ${who}`, {
    detail: { protocol: wish.protocol, containerPort: wish.containerPort, first, last },
    hint: 'Publish another range',
  });
}
