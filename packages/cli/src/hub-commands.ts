import { checkCommand } from './commands/check.ts';
import { configCommand } from './commands/config.ts';
import { doctorCommand } from './commands/doctor.ts';
import { engineCommand } from './commands/engine.ts';
import { hubCommand } from './commands/hub.ts';
import { storageCommand } from './commands/storage.ts';
import { upCommand } from './commands/up.ts';
import type { CommandModule } from './context.ts';

/** A list of its own, so that starting the Hub does not wait for the registry client of the others to load. */
export const hubCommands: readonly CommandModule[] = [
  upCommand,
  hubCommand,
  engineCommand,
  doctorCommand,
  configCommand,
  checkCommand,
  storageCommand,
];

/** Whether a command line is one of those. */
export function isOfTheHub([name]: readonly string[]): boolean {
  return name === 'up' || name === 'hub' || name === 'engine';
}
