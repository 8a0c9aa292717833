import { BerthError, type BerthErrorOptions, type ErrorTable } from '@berth/errors';

/** Every code that `@berth/network` throws. */
export const NETWORK_ERRORS = {
  PORT_TAKEN: {
    class: 'conflict',
    description: 'A port of the machine is in use, by a process or by another container',
  },
  PORT_RANGE_TAKEN: {
    class: 'conflict',
    description: 'Every port of the range that was asked for is in use',
  },
  PORT_NOT_ALLOWED: {
    class: 'denied',
    description: 'The kernel does not let this process have the port of the machine',
  },
  PORT_INVALID: {
    class: 'invalidArgument',
    description: 'A port is not 1 to 65535, or the first of a range is above its last',
  },
  ADDRESS_NOT_HERE: {
    class: 'invalidArgument',
    description: 'The address to publish a port on is not an address of this machine',
  },
  ADDRESS_INVALID: {
    class: 'invalidArgument',
    description: 'An IP or MAC address, or a subnet, cannot be read',
  },
  NAME_INVALID: {
    class: 'invalidArgument',
    description: 'A host name, search domain or resolver option has a space or a line break in it',
  },
  ADDRESSES_EXHAUSTED: {
    class: 'resourceExhausted',
    description: 'Every address of the subnet, or every port of the bridge, is given to a container',
  },
  SUBNETS_EXHAUSTED: {
    class: 'resourceExhausted',
    description: 'Every subnet that Berth would take overlaps a route of this machine',
  },
  NETWORK_UNKNOWN: { class: 'notFound', description: 'There is no network with this name or id' },
  NETWORK_AMBIGUOUS: {
    class: 'invalidArgument',
    description: 'More than one network has an id that begins so',
  },
  BRIDGE_NAME_TAKEN: {
    class: 'failedPrecondition',
    description: 'There is an interface with the name of the bridge, and it is not a bridge',
  },
  STATE_INVALID: { class: 'dataLoss', description: 'The file with the state of the networks cannot be read' },
  RULES_CHANGED: {
    class: 'failedPrecondition',
    description: 'Somebody changed the rules of containers or closed their way; it was put right and is told',
  },
  KERNEL_REFUSED: {
    class: 'internal',
    description:
      'The kernel refused an interface, an address, a route or a rule; its own words are in the message',
  },
  CLOSED: { class: 'failedPrecondition', description: 'The networks were closed before this call' },
} as const satisfies ErrorTable;

export type NetworkErrorCode = keyof typeof NETWORK_ERRORS;

export class NetworkError extends BerthError<NetworkErrorCode> {
  constructor(code: NetworkErrorCode, message: string, options?: BerthErrorOptions) {
    super(NETWORK_ERRORS, code, message, options);
  }
}
