import { completionCommand } from './commands/completion.ts';
import { copyCommand } from './commands/copy.ts';
import { inspectCommand } from './commands/inspect.ts';
import { loginCommand } from './commands/login.ts';
import { logoutCommand } from './commands/logout.ts';
import { tagsCommand } from './commands/tags.ts';
import { tokenCommand } from './commands/token.ts';
import type { CommandModule } from './context.ts';
import { hubCommands } from './hub-commands.ts';

/** In the order of `berth --help`. */
export const commands: readonly CommandModule[] = [
  ...hubCommands,
  loginCommand,
  logoutCommand,
  tagsCommand,
  inspectCommand,
  copyCommand,
  tokenCommand,
  completionCommand,
];
