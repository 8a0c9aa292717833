import type { Command, Option } from 'commander';

/** The part of commander's tree that a shell completes. */
export interface CommandNode {
  /** `berth token create`. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  /** Long and short flags, with those of the program. */
  readonly options: readonly { readonly flag: string; readonly description: string }[];
  /** Flags that take a value, and the values where they are known. */
  readonly values: readonly { readonly flags: readonly string[]; readonly choices: readonly string[] }[];
  /** Choices of the first argument; empty where any word fits. */
  readonly words: readonly string[];
}

/** Every command that can be typed, the program first. */
export function commandTree(program: Command): readonly CommandNode[] {
  return nodesOf(program, program.name(), visibleOptions(program));
}

function nodesOf(command: Command, path: string, inherited: readonly Option[]): CommandNode[] {
  const children = command.createHelp().visibleCommands(command);
  const own = command.parent === null ? [] : visibleOptions(command);
  const options = [...own, ...inherited];
  const node: CommandNode = {
    path,
    commands: children.map((child) => ({ name: child.name(), description: firstLine(child.description()) })),
    options: [
      ...options.flatMap((option) =>
        flagsOf(option).map((flag) => ({ flag, description: firstLine(option.description) })),
      ),
      ...['-h', '--help'].map((flag) => ({ flag, description: 'Show help' })),
    ],
    values: options
      .filter((option) => option.required || option.optional)
      .map((option) => ({ flags: flagsOf(option), choices: option.argChoices ?? [] })),
    words: command.registeredArguments[0]?.argChoices ?? [],
  };
  const below = children
    .filter((child) => child.name() !== 'help')
    .flatMap((child) => nodesOf(child, `${path} ${child.name()}`, inherited));
  return [node, ...below];
}

function visibleOptions(command: Command): readonly Option[] {
  return command.options.filter(({ hidden }) => !hidden);
}

function flagsOf({ short, long }: Option): string[] {
  return [short, long].filter((flag): flag is string => typeof flag === 'string');
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}
