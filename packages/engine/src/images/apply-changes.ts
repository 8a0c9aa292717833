import { posix } from 'node:path';
import { parseSignal } from '@berth/linux';
import type { ContainerConfig } from '@berth/oci';
import { expandWord, variablesOf } from './changes/expand-word.ts';
import { exposedPorts } from './changes/exposed-ports.ts';
import { readHealthcheck } from './changes/healthcheck.ts';
import { namesAndValues, readJsonForm, refused, splitWords } from './changes/words.ts';

const DEFAULT_SHELL = ['/bin/sh', '-c'];

/** What an instruction changes; `isCmdSet` tells that a CMD came with the same changes. */
interface Draft {
  config: Record<string, unknown> & ContainerConfig;
  isCmdSet: boolean;
}

type Instruction = (draft: Draft, text: string) => Partial<ContainerConfig>;

/** What `docker commit --change` and `docker import --change` take. @see moby: builder/dockerfile/builder.go (validCommitCommands) */
const INSTRUCTIONS: Readonly<Record<string, Instruction>> = {
  CMD(draft, text) {
    draft.isCmdSet = true;
    return { Cmd: command(draft, text) };
  },
  ENTRYPOINT(draft, text) {
    const Entrypoint = command(draft, text);
    // A command that belonged to the entry point of before would be its arguments now.
    const { Cmd, ...rest } = draft.config;
    draft.config = draft.isCmdSet && Cmd !== undefined ? { ...rest, Cmd } : rest;
    return { Entrypoint };
  },
  ENV(draft, text) {
    // All values of one line see what was before the line.
    const expand = expander(draft);
    const env = variablesOf(draft.config.Env);
    for (const [name, value] of namesAndValues('ENV', text)) env.set(expand(name), expand(value));
    return { Env: [...env].map(([name, value]) => `${name}=${value}`) };
  },
  EXPOSE(draft, text) {
    const ports = someWords('EXPOSE', text).flatMap((word) => exposedPorts(expander(draft)(word)));
    return { ExposedPorts: { ...draft.config.ExposedPorts, ...emptyObjects(ports) } };
  },
  HEALTHCHECK: (_, text) => ({ Healthcheck: readHealthcheck(text) }),
  LABEL(draft, text) {
    const expand = expander(draft);
    const labels = namesAndValues('LABEL', text).map(([name, value]) => [expand(name), expand(value)]);
    return { Labels: { ...draft.config.Labels, ...Object.fromEntries(labels) } };
  },
  ONBUILD(draft, text) {
    const trigger = (text.split(/\s/, 1)[0] ?? '').toUpperCase();
    if (trigger === '') throw refused('ONBUILD requires at least one argument');
    if (trigger === 'ONBUILD') throw refused("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
    if (trigger === 'MAINTAINER' || trigger === 'FROM') {
      throw refused(`${trigger} isn't allowed as an ONBUILD trigger`);
    }
    return { OnBuild: [...(draft.config.OnBuild ?? []), text] };
  },
  STOPSIGNAL(draft, text) {
    const StopSignal = expander(draft)(oneWord('STOPSIGNAL', text));
    if (parseSignal(StopSignal) === undefined) throw refused(`invalid signal: ${StopSignal.slice(0, 100)}`);
    return { StopSignal };
  },
  USER: (draft, text) => ({ User: expander(draft)(oneWord('USER', text)) }),
  VOLUME(draft, text) {
    const volumes = (readJsonForm(text) ?? someWords('VOLUME', text)).map((word) => {
      const path = expander(draft)(word).trim();
      if (path === '') throw refused('VOLUME specified can not be an empty string');
      return path;
    });
    return { Volumes: { ...draft.config.Volumes, ...emptyObjects(volumes) } };
  },
  WORKDIR(draft, text) {
    if (text === '') throw refused('WORKDIR requires exactly one argument');
    const path = expander(draft)(text);
    return { WorkingDir: posix.resolve('/', draft.config.WorkingDir ?? '', path) };
  },
};

/**
 * A config with instructions of a Dockerfile applied, in order; the config given stays as it is.
 *
 * @throws {EngineError} `CONFIG_REFUSED` in the words of Docker's builder
 */
export function applyChanges(config: ContainerConfig, changes: readonly string[]): ContainerConfig {
  const draft: Draft = { config: { ...config }, isCmdSet: false };
  for (const line of linesOf(changes)) {
    const name = line.split(/\s/, 1)[0] as string;
    const instruction = Object.hasOwn(INSTRUCTIONS, name.toUpperCase())
      ? INSTRUCTIONS[name.toUpperCase()]
      : undefined;
    if (instruction === undefined) throw refused(`${name.slice(0, 100)} is not a valid change command`);
    const changed = instruction(draft, line.slice(name.length).trim());
    draft.config = { ...draft.config, ...changed };
  }
  return draft.config;
}

/** A line that ends with a backslash goes on in the next; empty lines and comments are none. */
function linesOf(changes: readonly string[]): readonly string[] {
  return changes
    .join('\n')
    .replaceAll(/\\[ \t]*\n/g, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

function command({ config }: Draft, text: string): readonly string[] {
  const list = readJsonForm(text);
  if (list !== undefined) return list;
  return text === '' ? [] : [...(config.Shell ?? DEFAULT_SHELL), text];
}

function expander({ config }: Draft): (word: string) => string {
  const variables = variablesOf(config.Env);
  return (word) => expandWord(word, variables);
}

function someWords(instruction: string, text: string): readonly string[] {
  const words = splitWords(text);
  if (words.length === 0) throw refused(`${instruction} requires at least one argument`);
  return words;
}

function oneWord(instruction: string, text: string): string {
  const [word, second] = splitWords(text);
  if (word === undefined || second !== undefined)
    throw refused(`${instruction} requires exactly one argument`);
  return word;
}

function emptyObjects(names: readonly string[]): Readonly<Record<string, object>> {
  return Object.fromEntries(names.map((name) => [name, {}]));
}
