import type { ApiContainerInspect } from '@berth/engine';
import { naturalOrder } from '../format/natural-order.ts';
import { part } from './each.ts';
import { type Verb, VerbError } from './interface.ts';

export const port: Verb = {
  usage: 'CONTAINER [PRIVATE_PORT[/PROTO]]',
  description: 'List port mappings or a specific mapping for the container',
  flags: [],
  args: [1, 2],
  async run({ api, out, args: [name = '', wanted] }) {
    const container = await api.json<ApiContainerInspect>({ path: `/containers/${part(name)}/json` });
    const { Ports } = container.NetworkSettings;
    if (wanted === undefined) {
      const lines = Object.entries(Ports).flatMap(([from, bindings]) =>
        (bindings ?? []).map((binding) => `${from} -> ${address(binding)}`),
      );
      for (const line of lines.sort(naturalOrder)) out.line(line);
      return;
    }
    const [number = '', protocol = 'tcp'] = wanted.split('/');
    if (!/^[0-9]+(-[0-9]+)?$/.test(number))
      throw new VerbError(
        `Error: invalid port (${number}): strconv.ParseUint: parsing ${JSON.stringify(number)}: invalid syntax`,
      );
    const bindings = Ports[`${number}/${protocol.toLowerCase()}`];
    if (bindings === undefined || bindings === null || bindings.length === 0) {
      throw new VerbError(`Error: No public port '${wanted}' published for ${name}`);
    }
    for (const line of bindings.map(address).sort(naturalOrder)) out.line(line);
  },
};

function address({ HostIp, HostPort }: { readonly HostIp: string; readonly HostPort: string }): string {
  return `${HostIp.includes(':') ? `[${HostIp}]` : HostIp}:${HostPort}`;
}
