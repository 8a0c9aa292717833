import { TransferError } from '../errors.ts';

const SHOWN_LENGTH = 200;

/**
 * Where a registry sends us: relative addresses and ones of another host are both allowed.
 *
 * @throws {TransferError} `RESPONSE_INVALID` for what is no address, or none of HTTP
 */
export function addressFrom(text: string, base: URL): URL {
  const address = URL.parse(text, base.href);
  if (address !== null && /^https?:$/.test(address.protocol)) return address;
  throw new TransferError(
    'RESPONSE_INVALID',
    `Cannot follow "${base.host}": it leads to "${text.slice(0, SHOWN_LENGTH)}", which is no address`,
  );
}
