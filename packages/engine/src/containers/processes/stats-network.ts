import { readFile } from 'node:fs/promises';
import { hasCode } from '@berth/errors';

/** @see proc_pid_net(5): dev */
export async function networkStats(pid: number): Promise<Record<string, Record<string, number>> | undefined> {
  try {
    const text = await readFile(`/proc/${pid}/net/dev`, 'utf8');
    const networks: Record<string, Record<string, number>> = {};
    for (const line of text.split('\n')) {
      const [name, numbers] = line.split(':');
      if (numbers === undefined || name === undefined || name.trim() === 'lo') continue;
      const [rxBytes, rxPackets, rxErrors, rxDropped, , , , , txBytes, txPackets, txErrors, txDropped] =
        numbers.trim().split(/\s+/).map(Number);
      networks[name.trim()] = {
        rx_bytes: rxBytes ?? 0,
        rx_packets: rxPackets ?? 0,
        rx_errors: rxErrors ?? 0,
        rx_dropped: rxDropped ?? 0,
        tx_bytes: txBytes ?? 0,
        tx_packets: txPackets ?? 0,
        tx_errors: txErrors ?? 0,
        tx_dropped: txDropped ?? 0,
      };
    }
    return networks;
  } catch (error) {
    if (hasCode(error) && ['ENOENT', 'ESRCH', 'EINVAL'].includes(error.code)) return undefined;
    throw error;
  }
}
