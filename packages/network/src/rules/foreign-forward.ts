import { constants } from 'node:os';
import type { Kernel } from '../netlink/kernel.ts';
import { comesFrom, counter, goesTo, verdict } from '../netlink/nft-expressions.ts';
import {
  addRule,
  type Chain,
  deleteRule,
  HOOKS,
  listChains,
  listRules,
  NFPROTO_INET,
  NFPROTO_IPV4,
  readChain,
  readRule,
} from '../netlink/nft-messages.ts';

const { ENOENT } = constants.errno;

/**
 * Other people's firewalls that let nothing pass: Docker sets the policy of FORWARD to DROP, ufw too, firewalld refuses at the end. An
 * "accept" of ours cannot overrule them, since a packet has to pass all chains; so each gets two rules at its head, one for
 * what comes from our bridge and one for what goes there (where our own table then looks closer). They carry our name as
 * their comment and go with the bridge.
 *
 * Where there is Docker, its chain for other people's rules is taken: Docker leaves that alone.
 */
export async function openForeignChains(kernel: Kernel, bridgeName: string): Promise<readonly string[]> {
  const opened: string[] = [];
  const chains = kernel.askNetfilter(listChains()).map(readChain);
  for (const chain of closedChains(chains, bridgeName)) {
    const comment = commentOf(bridgeName);
    const rules = kernel.askNetfilter(listRules(chain.table, chain.name)).map(readRule);
    if (rules.filter((rule) => rule.comment === comment).length >= 2) continue;
    await closeChain(kernel, chain, bridgeName);
    const add = (interfaceMatches: ReturnType<typeof comesFrom>) =>
      addRule(chain.table, {
        chain: chain.name,
        comment,
        at: 'head',
        expressions: [...interfaceMatches, ...counter(), ...verdict('accept')],
      });
    const what = `let containers through the chain "${chain.name}" of table "${chain.table.name}"`;
    // ENOENT: its owner has just taken it away.
    const errno = await kernel.transact([add(goesTo(bridgeName)), add(comesFrom(bridgeName))], {
      what,
      allow: [ENOENT],
    });
    if (errno === 0) opened.push(`${chain.table.name} ${chain.name}`);
  }
  return opened;
}

/** Where our rules are now, as `<table> <chain>`. */
export function openedChains(kernel: Kernel, bridgeName: string): readonly string[] {
  const chains = kernel.askNetfilter(listChains()).map(readChain);
  return chains
    .filter((chain) => isForeign(chain, bridgeName))
    .filter((chain) =>
      kernel
        .askNetfilter(listRules(chain.table, chain.name))
        .some((reply) => readRule(reply).comment === commentOf(bridgeName)),
    )
    .map((chain) => `${chain.table.name} ${chain.name}`);
}

/** Takes our rules out of all chains of others. Idempotent. */
export async function closeForeignChains(kernel: Kernel, bridgeName: string): Promise<void> {
  const chains = kernel.askNetfilter(listChains()).map(readChain);
  for (const chain of chains.filter((one) => isForeign(one, bridgeName)))
    await closeChain(kernel, chain, bridgeName);
}

async function closeChain(kernel: Kernel, chain: Chain, bridgeName: string): Promise<void> {
  const ours = kernel
    .askNetfilter(listRules(chain.table, chain.name))
    .map(readRule)
    .filter((rule) => rule.comment === commentOf(bridgeName));
  for (const { handle } of ours) {
    await kernel.transact([deleteRule(chain.table, { chain: chain.name, handle })], {
      what: `take a rule out of the chain "${chain.name}"`,
      allow: [ENOENT],
    });
  }
}

function closedChains(chains: readonly Chain[], bridgeName: string): readonly Chain[] {
  const foreign = chains.filter((chain) => isForeign(chain, bridgeName));
  return foreign.filter(isClosed).map((closed) => {
    const isDockers = (chain: Chain) =>
      chain.name === 'DOCKER-USER' &&
      chain.table.name === closed.table.name &&
      chain.table.family === closed.table.family;
    return foreign.find(isDockers) ?? closed;
  });
}

function isForeign(chain: Chain, bridgeName: string): boolean {
  const { family, name } = chain.table;
  return (family === NFPROTO_IPV4 || family === NFPROTO_INET) && name !== bridgeName;
}

function isClosed({ base, name, table }: Chain): boolean {
  if (base === undefined || base.hook !== HOOKS.forward || base.type !== 'filter') return false;
  return base.drops || (table.name === 'firewalld' && name === 'filter_FORWARD');
}

function commentOf(bridgeName: string): string {
  return `Berth: containers of ${bridgeName}`;
}
