import { VERSION } from '../../version.ts';
import { humanMemory } from '../format/sizes.ts';
import { FORMAT_FLAG } from './inspect-objects.ts';
import type { Verb } from './interface.ts';

type Info = Readonly<Record<string, unknown>>;

export const info: Verb = {
  usage: '',
  description: 'Display system-wide information',
  flags: [FORMAT_FLAG],
  args: [0, 0],
  async run({ api, out }) {
    const found = await api.json<Info>({ path: '/info' });
    out.line(
      [`Client: Berth`, ` Version: ${VERSION}`, '', 'Server:', ...serverLines(found)].join('\n'),
      found,
    );
    for (const warning of listOf(found.Warnings)) out.note(warning);
  },
};

/** Docker's lines, in its order; those that only swarm, plugins or Windows have are left out. */
function serverLines(info: Info): readonly string[] {
  const lines: string[] = [];
  const say = (label: string, value: unknown, indent = 1): void => {
    if (value !== undefined && value !== null && value !== '')
      lines.push(`${' '.repeat(indent)}${label}: ${String(value)}`);
  };
  say('Containers', info.Containers);
  say('Running', info.ContainersRunning, 2);
  say('Paused', info.ContainersPaused, 2);
  say('Stopped', info.ContainersStopped, 2);
  say('Images', info.Images);
  say('Server Version', info.ServerVersion);
  say('Storage Driver', info.Driver);
  for (const [name, value] of (info.DriverStatus as readonly [string, string][] | null) ?? [])
    say(name, value, 2);
  say('Logging Driver', info.LoggingDriver);
  say('Cgroup Driver', info.CgroupDriver);
  say('Cgroup Version', info.CgroupVersion);
  lines.push(' Plugins:');
  const plugins = (info.Plugins ?? {}) as Readonly<Record<string, readonly string[] | null>>;
  say('Volume', (plugins.Volume ?? []).join(' '), 2);
  say('Network', (plugins.Network ?? []).join(' '), 2);
  say('Log', (plugins.Log ?? []).join(' '), 2);
  say('Runtimes', Object.keys((info.Runtimes ?? {}) as object).join(' '));
  say('Default Runtime', info.DefaultRuntime);
  say('Init Binary', info.InitBinary);
  if (listOf(info.SecurityOptions).length > 0) {
    lines.push(' Security Options:');
    for (const option of listOf(info.SecurityOptions)) lines.push(...securityLines(option));
  }
  say('Kernel Version', info.KernelVersion);
  say('Operating System', info.OperatingSystem);
  say('OSType', info.OSType);
  say('Architecture', info.Architecture);
  say('CPUs', info.NCPU);
  say('Total Memory', typeof info.MemTotal === 'number' ? humanMemory(info.MemTotal) : undefined);
  say('Name', info.Name);
  say('ID', info.ID);
  say('Docker Root Dir', info.DockerRootDir);
  say('Debug Mode', info.Debug);
  return lines;
}

/** `name=seccomp,profile=builtin`. */
function securityLines(option: string): readonly string[] {
  const fields = option.split(',').map((field) => field.split('=', 2));
  const name = fields.find(([key]) => key === 'name')?.[1] ?? option;
  const others = fields
    .filter(([key]) => key !== 'name')
    .map(([key = '', value = '']) => {
      const label = key.charAt(0).toUpperCase() + key.slice(1);
      return `   ${label}: ${value}`;
    });
  return [`  ${name}`, ...others];
}

function listOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
