import { completionCommand } from './commands/completion.ts';
import { copyCommand } from './commands/copy.ts';
import { labCommand } from './commands/lab.ts';
import { loginCommand } from './commands/login.ts';
import { logoutCommand } from './commands/logout.ts';
import { tagsCommand } from './commands/tags.ts';
import { tokenCommand } from './commands/token.ts';
import type { CommandModule } from './context.ts';
import { verbCommands } from './engine/verbs/verb-commands.ts';
import { hubCommands } from './hub-commands.ts';

/** In the order of `berth --help`. The verbs are here for help and completion: running one does not come this way. */
export async function allCommands(): Promise<readonly CommandModule[]> {
  return [
    ...hubCommands,
    loginCommand,
    logoutCommand,
    tagsCommand,
    copyCommand,
    tokenCommand,
    ...(await verbCommands()),
    labCommand,
    completionCommand,
  ];
}
