import { randomBytes } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, rmdirSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNetworkNamespace, removeNetworkNamespace } from '@berth/linux';
import { parseMac, parseSubnet } from './addresses/ipv4.ts';
import { ensureBridge } from './bridge/bridge.ts';
import { Kernel } from './netlink/kernel.ts';
import { addVeth } from './netlink/route-messages.ts';
import { elementOf, replaceTable } from './rules/table.ts';

/** Of the shape of the probes of `@berth/linux`, for `berth doctor`. */
export type NetworkProbe = { readonly name: 'networks' } & (
  | { readonly ok: true; readonly evidence: string }
  | { readonly ok: false; readonly cause: string; readonly evidence: string; readonly fix: string }
);

/**
 * Whether this kernel has what networks of containers need: a bridge, a pair of interfaces and the whole table of rules are made in a
 * namespace of their own, of which the machine sees nothing and nothing stays.
 */
export async function probeNetworks(): Promise<NetworkProbe> {
  const name = 'networks';
  const start = performance.now();
  let what = 'make a network namespace';
  try {
    await inOwnNamespace(async (kernel, namespacePath) => {
      what = 'make a bridge';
      const subnet = parseSubnet('192.0.2.0/24');
      const addresses = { gateway: '192.0.2.1', broadcast: '192.0.2.255' };
      const bridge = await ensureBridge(kernel, { name: 'probe0', subnet, ...addresses });
      what = 'make a pair of interfaces';
      const namespaceFd = openSync(namespacePath, 'r');
      try {
        const peer = { name: 'probe2', mac: parseMac('02:42:c0:00:02:02'), namespaceFd };
        await kernel.change([addVeth('probe1', { bridgeIndex: bridge.index, mtu: 1500, peer })], { what });
      } finally {
        closeSync(namespaceFd);
      }
      what = 'set rules of nftables';
      const port = { containerPort: 80, protocol: 'tcp', hostAddress: '0.0.0.0', hostPort: 80 } as const;
      const element = elementOf(port, '192.0.2.2');
      await kernel.transact(
        replaceTable(
          { bridgeName: 'probe0', subnet, onlyContainers: true },
          element === undefined ? [] : [element],
        ),
        { what },
      );
    });
  } catch (error) {
    const evidence = error instanceof Error ? error.message : String(error);
    const errno = (error as { detail?: { errno?: unknown } }).detail?.errno;
    const isDenied = errno === constants.errno.EPERM || (error as { code?: unknown }).code === 'EPERM';
    return {
      name,
      ok: false,
      cause: isDenied ? `this process may not ${what}` : `the kernel cannot ${what}`,
      evidence,
      fix: isDenied
        ? 'Run as root, with CAP_NET_ADMIN and CAP_SYS_ADMIN'
        : 'Load the modules bridge, veth, nf_tables, nft_nat, nft_masq and nft_fib_ipv4, or use a kernel that has them',
    };
  }
  const ms = (performance.now() - start).toFixed(1);
  return {
    name,
    ok: true,
    evidence: `bridge, veth and nftables made in a namespace of their own in ${ms} ms`,
  };
}

async function inOwnNamespace(run: (kernel: Kernel, namespacePath: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-probe-'));
  const path = join(folder, randomBytes(4).toString('hex'));
  try {
    await createNetworkNamespace(path);
    try {
      using kernel = new Kernel({ namespacePath: path });
      await run(kernel, path);
    } finally {
      removeNetworkNamespace(path);
    }
  } finally {
    rmdirSync(folder);
  }
}
