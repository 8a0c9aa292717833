import { refused } from './words.ts';

const PORT = /^(?:\S*:)?(\d{1,5})(?:-(\d{1,5}))?(?:\/([a-zA-Z]+))?$/;
const PROTOCOLS = ['tcp', 'udp', 'sctp'];

/**
 * `80`, `53/udp`, `8000-8010`, as keys of `ExposedPorts`. What publishes (`80:80`) exposes its container port.
 *
 * @throws {EngineError} `CONFIG_REFUSED`
 */
export function exposedPorts(text: string): readonly string[] {
  const match = PORT.exec(text);
  const [, from, to, protocol = 'tcp'] = match ?? [];
  const [first, last] = [Number(from), Number(to ?? from)];
  if (match === null || last < first || last > 65_535) {
    throw refused(`invalid containerPort: ${text.slice(0, 100)}`);
  }
  if (!PROTOCOLS.includes(protocol.toLowerCase())) throw refused(`invalid proto: ${protocol}`);
  return Array.from({ length: last - first + 1 }, (_, at) => `${first + at}/${protocol.toLowerCase()}`);
}
