import { NetworkError } from '../errors.ts';
import { formatSubnet, overlaps, parseSubnet, type Subnet } from './ipv4.ts';

/** Docker's own list in Docker's order: people know these addresses. */
export const SUBNET_CANDIDATES: readonly Subnet[] = [
  ...Array.from({ length: 15 }, (_, index) => parseSubnet(`172.${17 + index}.0.0/16`)),
  ...Array.from({ length: 16 }, (_, index) => parseSubnet(`192.168.${index * 16}.0/20`)),
];

/**
 * The first subnet that no route of the machine touches: neither its networks nor what a VPN brings. The default route is not
 * among `taken`.
 *
 * @throws {NetworkError} `SUBNETS_EXHAUSTED`
 */
export function chooseSubnet(
  taken: readonly Subnet[],
  options: { readonly preferred?: Subnet | undefined } = {},
): Subnet {
  const candidates =
    options.preferred === undefined ? SUBNET_CANDIDATES : [options.preferred, ...SUBNET_CANDIDATES];
  const free = candidates.find((candidate) => !taken.some((route) => overlaps(candidate, route)));
  if (free !== undefined) return free;
  throw new NetworkError(
    'SUBNETS_EXHAUSTED',
    `Cannot choose a subnet for containers: routes overlap all of "${formatSubnet(candidates[0] as Subnet)}" and ${candidates.length - 1} more`,
    { hint: 'Give the engine a subnet that nothing on this machine uses' },
  );
}
