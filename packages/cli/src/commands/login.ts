import { verifyCredentials } from '@berth/transfer';
import type { CliContext, CommandModule } from '../context.ts';
import { CliError } from '../errors.ts';
import { addRegistryOptions, hubRegistry, openAccess, registryName } from '../registry/access.ts';
import { askAll, readStandardInput } from '../registry/ask.ts';

interface LoginFlags {
  readonly username?: string;
  readonly password?: string;
  readonly passwordStdin?: boolean;
}

/** `berth login`: asks the server first, then keeps name and password where docker and podman keep them. */
export const loginCommand: CommandModule = (program, context) => {
  const command = program
    .command('login [server]')
    .description('Sign in to a registry; without a server, to this machine’s Hub')
    .option('-u, --username <name>', 'User name')
    .option('-p, --password <password>', 'Password or access token; others can see it in the process list')
    .option('--password-stdin', 'Take the password or access token from standard input');
  addRegistryOptions(command).action(async (server: string | undefined, flags: LoginFlags) => {
    const { settings, logins, options } = await openAccess(context, command);
    const registry = server === undefined ? hubRegistry(settings) : registryName(server);
    const credentials = await readCredentials(context, flags);
    await verifyCredentials(registry, { ...options, credentials });
    await logins.set(registry, credentials, { signal: context.signal });
    const report = { registry, username: credentials.username, file: logins.path };
    context.printer.result(report, () => `Signed in to ${registry} as ${credentials.username}`);
    context.printer.note(`The login is kept in ${logins.path}`);
  });
};

async function readCredentials(
  context: CliContext,
  flags: LoginFlags,
): Promise<{ username: string; password: string }> {
  const { username, password, passwordStdin } = flags;
  if (passwordStdin === true) {
    if (password !== undefined) throw usage('--password and --password-stdin exclude each other');
    if (username === undefined) throw usage('--password-stdin needs --username');
    return checked({ username, password: await readStandardInput(context) });
  }
  if (username !== undefined && password !== undefined) return checked({ username, password });
  if (password !== undefined) throw usage('--password needs --username');
  const questions = [
    ...(username === undefined ? [{ text: 'Username: ' }] : []),
    { text: 'Password: ', isSecret: true },
  ];
  const answers = await askAll(context, questions);
  return checked({ username: username ?? answers[0]?.trim() ?? '', password: answers.at(-1) ?? '' });
}

function checked(credentials: { username: string; password: string }): {
  username: string;
  password: string;
} {
  if (credentials.username === '') throw usage('The name is empty');
  if (credentials.password === '') throw usage('The password is empty');
  return credentials;
}

function usage(message: string): CliError {
  return new CliError('USAGE', message, { hint: 'berth login [server] --username <name> --password-stdin' });
}
