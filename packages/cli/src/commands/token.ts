import { type Credentials, callHub } from '@berth/transfer';
import type { Command } from 'commander';
import { Option } from 'commander';
import type { CliContext, CommandModule } from '../context.ts';
import { CliError } from '../errors.ts';
import { alignColumns } from '../output/columns.ts';
import {
  addRegistryOptions,
  hubRegistry,
  openAccess,
  type RegistryAccess,
  registryName,
} from '../registry/access.ts';

const SCOPES = ['repo:admin', 'repo:write', 'repo:read', 'repo:public_read'] as const;

interface TokenInfo {
  readonly uuid: string;
  readonly token_label: string;
  readonly scopes: readonly string[];
  readonly is_active: boolean;
  readonly created_at: string;
  readonly last_used: string | null;
  readonly expires_at: string | null;
}

/** `berth token`: access tokens of the signed-in account, for scripts and machines. */
export const tokenCommand: CommandModule = (program, context) => {
  const token = program.command('token').description('Make, list and revoke access tokens of a Hub');
  addCreate(token, context);
  addList(token, context);
  addRevoke(token, context);
};

function addCreate(parent: Command, context: CliContext): void {
  const command = parent
    .command('create <label>')
    .description('Make an access token; it is shown once and works as the password of docker login')
    .addOption(new Option('--scope <scope>', 'What it may do').choices(SCOPES).default('repo:read'))
    .option('--expires <days>', 'Days until it expires; without it, never')
    .option('--server <server>', 'The Hub; without it, this machine’s');
  addRegistryOptions(command).action(async (label: string, flags: { scope: string; expires?: string }) => {
    const hub = await signIn(context, command);
    const expires = flags.expires === undefined ? {} : { expires_at: daysFromNow(flags.expires) };
    const json = { token_label: label, scopes: [flags.scope], ...expires };
    const made = (await hub.call('make the access token', {
      method: 'POST',
      path: '/v2/access-tokens',
      json,
    })) as TokenInfo & {
      readonly token: string;
    };
    context.printer.result(made, () => made.token);
    context.printer.note(
      `"${label}" (${flags.scope}): copy it now, it will not be shown again. Revoke it with: berth token revoke ${made.uuid}`,
    );
  });
}

function addList(parent: Command, context: CliContext): void {
  const command = parent
    .command('ls')
    .description('List the access tokens of the signed-in account')
    .option('--server <server>', 'The Hub; without it, this machine’s');
  addRegistryOptions(command).action(async () => {
    const hub = await signIn(context, command);
    const tokens = await hub.list();
    context.printer.result(tokens, () => tokenTable(tokens));
  });
}

function addRevoke(parent: Command, context: CliContext): void {
  const command = parent
    .command('revoke <token>')
    .description('Delete an access token, named by its id or its label')
    .option('--server <server>', 'The Hub; without it, this machine’s');
  addRegistryOptions(command).action(async (wanted: string) => {
    const hub = await signIn(context, command);
    const token = findToken(await hub.list(), wanted);
    await hub.call('revoke the access token', { method: 'DELETE', path: `/v2/access-tokens/${token.uuid}` });
    context.printer.result({ revoked: token.uuid }, () => `Revoked "${token.token_label}" (${token.uuid})`);
  });
}

interface SignedIn {
  call(
    action: string,
    call: { method: 'GET' | 'POST' | 'DELETE'; path: string; json?: unknown },
  ): Promise<unknown>;
  list(): Promise<readonly TokenInfo[]>;
}

/** Opens the Hub API with the login that `berth login` stored. */
async function signIn(context: CliContext, command: Command): Promise<SignedIn> {
  const access = await openAccess(context, command);
  const { server } = command.opts<{ server?: string }>();
  const registry = server === undefined ? hubRegistry(access.settings) : registryName(server);
  const { username, password } = await storedLogin(access, registry);
  const options = { ...access.options, credentials: undefined };
  const login = { method: 'POST', path: '/v2/users/login', json: { username, password } } as const;
  const { token: bearer } = (await callHub(
    registry,
    { ...login, action: `sign in to "${registry}"` },
    options,
  )) as {
    readonly token: string;
  };
  const call: SignedIn['call'] = (action, request) =>
    callHub(registry, { ...request, action, bearer }, options);
  return {
    call,
    async list() {
      const tokens: TokenInfo[] = [];
      for (let page = 1; ; page += 1) {
        const path = `/v2/access-tokens?page=${page}&page_size=100`;
        const { results, next } = (await call('list access tokens', { method: 'GET', path })) as {
          readonly results: readonly TokenInfo[];
          readonly next: string | null;
        };
        tokens.push(...results);
        if (next === null) return tokens;
      }
    },
  };
}

async function storedLogin({ logins, options }: RegistryAccess, registry: string): Promise<Credentials> {
  const found = await logins.get(registry, { signal: options.signal });
  if (found !== undefined) return found;
  throw new CliError('USAGE', `Cannot use access tokens of ${registry}: nobody is signed in`, {
    hint: `berth login ${registry}`,
  });
}

function findToken(tokens: readonly TokenInfo[], wanted: string): TokenInfo {
  const found = tokens.filter(({ uuid, token_label }) => uuid === wanted || token_label === wanted);
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  throw new CliError(
    'USAGE',
    `Cannot revoke "${wanted}": ${found.length === 0 ? 'there is no such access token' : `${found.length} have this label`}`,
    {
      hint: 'See berth token ls, and name it by its id',
    },
  );
}

function daysFromNow(text: string): string {
  const days = Number(text);
  if (Number.isFinite(days) && days > 0 && days <= 36_500)
    return new Date(Date.now() + days * 86_400_000).toISOString();
  throw new CliError('USAGE', `Cannot use "${text}" as days`, {
    hint: 'Give a number, for instance --expires 30',
  });
}

function tokenTable(tokens: readonly TokenInfo[]): string {
  const rows = tokens.map(({ uuid, token_label, scopes, is_active, last_used, expires_at }) => [
    uuid,
    token_label,
    scopes.join(','),
    is_active ? 'active' : 'off',
    last_used ?? 'never',
    expires_at ?? 'never',
  ]);
  return alignColumns([['ID', 'LABEL', 'SCOPE', 'STATE', 'LAST USED', 'EXPIRES'], ...rows]);
}
