import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasCode } from '@berth/errors';
import { bringUpLoopback } from './loopback.ts';
import { makeNetworkNamespace, removeNetworkNamespace } from './namespaces.ts';
import {
  NETLINK_NETFILTER,
  NETLINK_ROUTE,
  type NetlinkRequest,
  NetlinkSocket,
  NLM_F_ACK,
  NLM_F_CREATE,
  NLM_F_EXCL,
} from './netlink.ts';
import { fails, type ProbeResult, wordsOf, works } from './probe-result.ts';

const RTM_NEWLINK = 16;
const IFLA_IFNAME = 3;
const IFLA_LINKINFO = 18;
const IFLA_INFO_KIND = 1;
const NFNL_SUBSYS_NFTABLES = 10;
const NFT_MSG_GETGEN = 16;

/** Makes a namespace with a bridge, a pair of interfaces and a look at nftables in it, and takes it away again. */
export function probeNetwork(): ProbeResult {
  const folder = mkdtempSync(join(tmpdir(), 'berth-probe-net-'));
  const path = join(folder, 'net');
  try {
    const missing = makeNetworkNamespace(path, () => {
      bringUpLoopback();
      return [...missingLinks(['bridge', 'veth']), ...missingTables()];
    });
    if (missing.length === 0) return works('A namespace with a bridge, a veth pair and nftables was made');
    const modules = missing.map(({ module }) => module).join(' ');
    return fails(
      'This kernel lacks what networks of containers are made of',
      missing.map(({ words }) => words).join('; '),
      `Load it with "modprobe -a ${modules}"; run containers with --network host or none meanwhile`,
    );
  } catch (error) {
    const isDenied = hasCode(error) && (error.code === 'EPERM' || error.code === 'EACCES');
    return fails(
      isDenied ? 'This process may not make network namespaces' : 'Network namespaces cannot be made here',
      wordsOf(error),
      isDenied
        ? 'Run as root (sudo); in a container it needs --privileged'
        : 'Use a kernel with CONFIG_NET_NS; "sysctl user.max_net_namespaces" must not be 0',
    );
  } finally {
    removeNetworkNamespace(path);
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Missing {
  readonly module: string;
  readonly words: string;
}

function missingLinks(kinds: readonly string[]): Missing[] {
  using route = NetlinkSocket.open(NETLINK_ROUTE);
  return kinds.flatMap((kind) => {
    const [result] = route.exchangeNow([newLink(kind)]);
    if (result?.errno === 0) return [];
    return [
      {
        module: kind,
        words: `an interface of kind ${kind}: error ${result?.errno} ${result?.text ?? ''}`.trim(),
      },
    ];
  });
}

function missingTables(): Missing[] {
  try {
    using filter = NetlinkSocket.open(NETLINK_NETFILTER);
    // struct nfgenmsg: family, version, resource.
    const type = (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETGEN;
    const [result] = filter.exchangeNow([{ type, flags: NLM_F_ACK, payload: Buffer.alloc(4) }]);
    if (result?.errno === 0) return [];
    return [{ module: 'nf_tables', words: `nftables: error ${result?.errno}` }];
  } catch (error) {
    if (!hasCode(error)) throw error;
    return [{ module: 'nf_tables', words: wordsOf(error) }];
  }
}

/** struct ifinfomsg (16 bytes), then attributes. */
function newLink(kind: string): NetlinkRequest {
  const info = attribute(IFLA_LINKINFO, attribute(IFLA_INFO_KIND, Buffer.from(kind)));
  const name = attribute(IFLA_IFNAME, Buffer.from(`probe-${kind}\0`));
  return {
    type: RTM_NEWLINK,
    flags: NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL,
    payload: Buffer.concat([Buffer.alloc(16), name, info]),
  };
}

function attribute(type: number, value: Uint8Array): Buffer {
  const bytes = Buffer.alloc(4 + ((value.length + 3) & ~3));
  bytes.writeUInt16LE(4 + value.length, 0);
  bytes.writeUInt16LE(type, 2);
  bytes.set(value, 4);
  return bytes;
}
