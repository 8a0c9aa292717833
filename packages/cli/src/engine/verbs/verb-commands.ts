import { type Command, Option } from 'commander';
import type { CommandModule } from '../../context.ts';
import type { Flag } from '../flags/interface.ts';
import type { Verb } from './interface.ts';
import { GROUPS, VERBS } from './table.ts';

/** All verbs in commander's tree, where help and completion look for them. They are never run from there. */
export async function verbCommands(): Promise<readonly CommandModule[]> {
  const modules: CommandModule[] = [];
  for (const [name, load] of Object.entries(VERBS)) {
    const verb = await load();
    modules.push((program) => void addVerb(program, name, verb));
  }
  for (const [name, { description, verbs }] of Object.entries(GROUPS)) {
    const loaded: [string, Verb][] = [];
    for (const [verbName, load] of Object.entries(verbs)) loaded.push([verbName, await load()]);
    modules.push((program) => {
      const group = program.command(name).description(description);
      for (const [verbName, verb] of loaded) addVerb(group, verbName, verb);
    });
  }
  return modules;
}

function addVerb(parent: Command, name: string, verb: Verb): void {
  const usage = verb.usage.split('\n').map((line) => `[options] ${line}`);
  const command = parent
    .command(name)
    .description(verb.description)
    .usage(usage.join(`\n       ${[...pathOf(parent), name].join(' ')} `))
    .allowExcessArguments();
  for (const flag of verb.flags) command.addOption(optionOf(flag));
  command.option('--socket <path>', 'Socket of the engine [BERTH_SOCKET, DOCKER_HOST]');
  // "-h" is the host name of a container.
  if (verb.flags.some(({ short }) => short === 'h')) command.helpOption('--help', 'Show help');
  if (verb.notes !== undefined) command.addHelpText('after', `\n${verb.notes}`);
}

function pathOf(command: Command): string[] {
  return command.parent === null ? [command.name()] : [...pathOf(command.parent), command.name()];
}

function optionOf({ name, short, kind, value, description, isOnByDefault }: Flag): Option {
  const flags = short === undefined ? `--${name}` : `-${short}, --${name}`;
  if (kind === 'bool') {
    return new Option(flags, isOnByDefault === true ? `${description} (default true)` : description);
  }
  return new Option(`${flags} <${value ?? kind}>`, description);
}
