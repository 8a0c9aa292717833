import { Argument } from 'commander';
import { bashCompletion } from '../completion/bash.ts';
import { commandTree } from '../completion/command-tree.ts';
import { zshCompletion } from '../completion/zsh.ts';
import type { CommandModule } from '../context.ts';

/** `berth completion`: a script made from the commands there are, to be sourced. */
export const completionCommand: CommandModule = (program, context) => {
  program
    .command('completion')
    .description('Print a completion script: source <(berth completion bash)')
    .addArgument(new Argument('<shell>', 'Which shell').choices(['bash', 'zsh']))
    .action((shell: 'bash' | 'zsh') => {
      const nodes = commandTree(program);
      const script = shell === 'bash' ? bashCompletion(nodes) : zshCompletion(nodes);
      context.printer.result({ shell, script }, () => script);
    });
};
