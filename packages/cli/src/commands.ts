import { configCommand } from './commands/config.ts';
import type { CommandModule } from './context.ts';

/** In the order of `berth --help`. */
export const commands: readonly CommandModule[] = [configCommand];
