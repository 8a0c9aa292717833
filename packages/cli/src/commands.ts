import { checkCommand } from './commands/check.ts';
import { completionCommand } from './commands/completion.ts';
import { configCommand } from './commands/config.ts';
import { copyCommand } from './commands/copy.ts';
import { doctorCommand } from './commands/doctor.ts';
import { hubCommand } from './commands/hub.ts';
import { inspectCommand } from './commands/inspect.ts';
import { loginCommand } from './commands/login.ts';
import { logoutCommand } from './commands/logout.ts';
import { tagsCommand } from './commands/tags.ts';
import { tokenCommand } from './commands/token.ts';
import { upCommand } from './commands/up.ts';
import type { CommandModule } from './context.ts';

/** In the order of `berth --help`. */
export const commands: readonly CommandModule[] = [
  upCommand,
  hubCommand,
  doctorCommand,
  configCommand,
  checkCommand,
  loginCommand,
  logoutCommand,
  tagsCommand,
  inspectCommand,
  copyCommand,
  tokenCommand,
  completionCommand,
];
