import { checkCommand } from './commands/check.ts';
import { configCommand } from './commands/config.ts';
import { doctorCommand } from './commands/doctor.ts';
import { hubCommand } from './commands/hub.ts';
import { upCommand } from './commands/up.ts';
import type { CommandModule } from './context.ts';

/** In the order of `berth --help`. */
export const commands: readonly CommandModule[] = [
  upCommand,
  hubCommand,
  doctorCommand,
  configCommand,
  checkCommand,
];
