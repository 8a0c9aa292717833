import { resolve } from 'node:path';
import type { ApiCreateContainer } from '@berth/engine';
import type { ParsedFlags } from '../flags/interface.ts';
import { toBytes, toNanos } from '../flags/values.ts';
import { environmentOf, labelsOf } from './environment.ts';
import type { VerbCall } from './interface.ts';
import { parseMount } from './mount.ts';
import { addHost, device, restartPolicy, sysctl, ulimit } from './option-values.ts';
import { pairs } from './pairs.ts';
import { publishedPorts } from './published-ports.ts';
import { securityOptions } from './security-options.ts';

/**
 * The flags of `create` and `run` as a request. What docker's command refuses by itself is refused here, in its words; the rest is
 * the engine's to judge.
 *
 * @throws {Error} for a value that cannot be read
 */
export async function createConfig(
  { flags, args, context }: Pick<VerbCall, 'flags' | 'args' | 'context'>,
  options: { readonly isDetached: boolean },
): Promise<ApiCreateContainer> {
  const [Image = '', ...command] = args;
  const attached = attachedStreams(flags, options.isDetached);
  const { exposed, bindings } = publishedPorts(flags.list('publish'), flags.list('expose'));
  const { binds, anonymous } = volumesOf(flags.list('volume'), context.cwd);
  const [isOpen, isTerminal] = [flags.bool('interactive'), flags.bool('tty')];
  const entrypoint = flags.text('entrypoint');
  const stopTimeout = flags.int('stop-timeout');
  const security = await securityOptions(flags.list('security-opt'), context.cwd);
  const [network = 'default'] = networksOf(flags);
  const { columns, rows } = context.stdout;
  return {
    ...{ Hostname: flags.text('hostname') ?? '', Domainname: flags.text('domainname') ?? '' },
    ...{ User: flags.text('user') ?? '', ...attached, ExposedPorts: exposed, Tty: isTerminal },
    ...{
      OpenStdin: isOpen,
      StdinOnce: isOpen && attached.AttachStdin,
      Env: await environmentOf(flags, context),
    },
    ...{ Cmd: command.length > 0 ? command : null, Image, Volumes: anonymous },
    ...{ WorkingDir: flags.text('workdir') ?? '', Labels: await labelsOf(flags, context) },
    ...(entrypoint === undefined ? {} : { Entrypoint: [entrypoint] }),
    ...textField('MacAddress', flags.text('mac-address')),
    ...textField('StopSignal', flags.text('stop-signal')),
    ...(stopTimeout === undefined ? {} : { StopTimeout: stopTimeout }),
    ...(flags.bool('no-healthcheck') ? { Healthcheck: { Test: ['NONE'] } } : {}),
    HostConfig: {
      ...resourcesOf(flags),
      ...{ Binds: binds, Mounts: flags.list('mount').map(parseMount), Tmpfs: tmpfsOf(flags.list('tmpfs')) },
      ...{ VolumesFrom: flags.list('volumes-from'), NetworkMode: network },
      ...{ PortBindings: bindings, PublishAllPorts: flags.bool('publish-all'), AutoRemove: flags.bool('rm') },
      RestartPolicy: restartPolicy(flags.text('restart') ?? 'no'),
      LogConfig: { Type: flags.text('log-driver') ?? '', Config: pairs(flags.list('log-opt')) },
      ...{
        CapAdd: flags.list('cap-add'),
        CapDrop: flags.list('cap-drop'),
        Privileged: flags.bool('privileged'),
      },
      ...security,
      ReadonlyRootfs: flags.bool('read-only'),
      ...{ Devices: flags.list('device').map(device), DeviceCgroupRules: flags.list('device-cgroup-rule') },
      Ulimits: flags.list('ulimit').map(ulimit),
      Sysctls: Object.fromEntries(flags.list('sysctl').map(sysctl)),
      ...{
        Dns: flags.list('dns'),
        DnsSearch: flags.list('dns-search'),
        DnsOptions: flags.list('dns-option'),
      },
      ...{ ExtraHosts: flags.list('add-host').map(addHost), GroupAdd: flags.list('group-add') },
      ...{
        IpcMode: flags.text('ipc') ?? '',
        PidMode: flags.text('pid') ?? '',
        UTSMode: flags.text('uts') ?? '',
      },
      ...textField('UsernsMode', flags.text('userns')),
      ...textField('CgroupnsMode', flags.text('cgroupns')),
      ...textField('CgroupParent', flags.text('cgroup-parent')),
      ...textField('Runtime', flags.text('runtime')),
      ...textField('VolumeDriver', flags.text('volume-driver')),
      ...(flags.has('init') ? { Init: flags.bool('init') } : {}),
      ...(flags.has('oom-kill-disable') ? { OomKillDisable: flags.bool('oom-kill-disable') } : {}),
      ...(flags.has('oom-score-adj') ? { OomScoreAdj: flags.int('oom-score-adj') ?? 0 } : {}),
      ...(flags.has('shm-size') ? { ShmSize: bytes(flags, 'shm-size') ?? 0 } : {}),
      ...mapField('StorageOpt', flags.list('storage-opt')),
      ...mapField('Annotations', flags.list('annotation')),
      ...(flags.has('link') ? { Links: flags.list('link') } : {}),
      ...(isTerminal && context.stdout.isTTY ? { ConsoleSize: [rows, columns] as const } : {}),
    },
  };
}

/** Limits, of a container to be or one that is there. Only what was given. */
export function resourcesOf(flags: ParsedFlags): Readonly<Record<string, unknown>> {
  const cpus = flags.text('cpus');
  const fields: [string, unknown][] = [
    ['CpuPeriod', flags.int('cpu-period')],
    ['CpuQuota', flags.int('cpu-quota')],
    ['CpuShares', flags.int('cpu-shares')],
    ['NanoCpus', cpus === undefined ? undefined : toNanos(cpus)],
    ['CpusetCpus', flags.text('cpuset-cpus')],
    ['CpusetMems', flags.text('cpuset-mems')],
    ['Memory', bytes(flags, 'memory')],
    ['MemoryReservation', bytes(flags, 'memory-reservation')],
    ['MemorySwap', bytes(flags, 'memory-swap')],
    ['PidsLimit', flags.int('pids-limit')],
  ];
  return Object.fromEntries(fields.filter(([, given]) => given !== undefined));
}

/** Without `-a` and `-d` both outputs are attached, and the input where it is kept open. */
function attachedStreams(flags: ParsedFlags, isDetached: boolean) {
  const named = flags.list('attach').map((one) => one.toLowerCase());
  const isAttached = (name: string, whenNoneNamed: boolean) =>
    !isDetached && (named.length === 0 ? whenNoneNamed : named.includes(name));
  return {
    AttachStdin: isAttached('stdin', flags.bool('interactive')),
    AttachStdout: isAttached('stdout', true),
    AttachStderr: isAttached('stderr', true),
  };
}

/** `-v /data` is a volume without a name; `-v ./here:/there` is meant from where the command runs. */
function volumesOf(given: readonly string[], cwd: string) {
  const binds: string[] = [];
  const anonymous: Record<string, object> = {};
  for (const one of given) {
    const colon = one.indexOf(':');
    if (one === '') throw new Error('invalid empty volume spec');
    if (colon < 0) anonymous[one] = {};
    else if (one.startsWith('.')) binds.push(`${resolve(cwd, one.slice(0, colon))}${one.slice(colon)}`);
    else binds.push(one);
  }
  return { binds, anonymous };
}

function tmpfsOf(given: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    given.map((one) => {
      const colon = one.indexOf(':');
      return colon < 0 ? [one, ''] : [one.slice(0, colon), one.slice(colon + 1)];
    }),
  );
}

/** Of several networks the engine has only room for one: more are not silently dropped. */
function networksOf(flags: ParsedFlags): readonly string[] {
  const networks = [...flags.list('network'), ...flags.list('net')];
  if (networks.length > 1) throw new Error('connecting a container to several networks is not supported');
  return networks;
}

function bytes(flags: ParsedFlags, name: string): number | undefined {
  const given = flags.text(name);
  return given === undefined ? undefined : toBytes(given);
}

function textField(name: string, given: string | undefined): Readonly<Record<string, string>> {
  return given === undefined || given === '' ? {} : { [name]: given };
}

function mapField(name: string, given: readonly string[]): Readonly<Record<string, unknown>> {
  return given.length === 0 ? {} : { [name]: pairs(given) };
}
