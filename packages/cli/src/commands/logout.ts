import type { CommandModule } from '../context.ts';
import { hubRegistry, openAccess, registryName } from '../registry/access.ts';

/** `berth logout`: forgets the login, wherever it is kept. */
export const logoutCommand: CommandModule = (program, context) => {
  const command = program
    .command('logout [server]')
    .description('Forget the login of a registry; without a server, of this machine’s Hub')
    .action(async (server: string | undefined) => {
      const { settings, logins } = await openAccess(context, command);
      const registry = server === undefined ? hubRegistry(settings) : registryName(server);
      const removed = await logins.remove(registry, { signal: context.signal });
      context.printer.result({ registry, removed }, () =>
        removed ? `Signed out of ${registry}` : `There was no login for ${registry}`,
      );
    });
};
