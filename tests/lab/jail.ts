import { join } from 'node:path';

/** One folder of the host as programs in the jail see it. */
export interface Bind {
  readonly from: string;
  /** Path inside; the same as `from` when left out. */
  readonly to?: string;
  readonly readOnly?: boolean;
}

export interface JailOptions {
  /** The unpacked packages: `/usr` inside, never written to. */
  readonly root: string;
  /** Holds `etc var run root home shm new`: what programs of one test may change. */
  readonly state: string;
  readonly binds: readonly Bind[];
  readonly cwd?: string;
  /** Process id of a network namespace's anchor; the machine's network when left out. */
  readonly netns?: number;
  /** Keeps the machine's process ids visible, for `ip` and `nsenter`. Then only the program itself is killed. */
  readonly hostPids?: boolean;
}

/** Folders of a test's state, by the names they have inside. */
export const STATE_FOLDERS = ['etc', 'var', 'run', 'root', 'home'] as const;

/**
 * The command that runs a program inside the unpacked packages.
 *
 * A private mount namespace holds a tmpfs as root: `/usr` read-only from the packages, the state folders of the
 * test, the machine's `/sys`, `/dev` and `/tmp`, and the given folders. The program is number 1 of a process
 * namespace of its own, so that killing it ends all that it started; and it dies with us (`--pdeathsig`, even when
 * we are killed). Mounts end with the namespace: nothing is ever mounted where others see it.
 */
export function jailCommand(
  command: readonly [string, ...string[]],
  options: JailOptions,
): [string, ...string[]] {
  const enter = options.netns === undefined ? [] : ['nsenter', `--net=/proc/${options.netns}/ns/net`, '--'];
  const pids = options.hostPids === true ? [] : ['--pid', '--fork', '--kill-child=KILL'];
  return [
    ...(['setpriv', '--pdeathsig', 'KILL', '--'] as const),
    ...enter,
    ...['unshare', '--mount', '--propagation', 'private', ...pids, '--'],
    ...['sh', '-c', mountScript(options), 'sh', options.cwd ?? '/root', ...command],
  ];
}

function mountScript(options: JailOptions): string {
  const fresh = join(options.state, 'new');
  const at = (path: string) => quote(join(fresh, path));
  const lines = [
    'set -e',
    `mount -t tmpfs -o mode=755 tmpfs ${quote(fresh)}`,
    `mkdir ${['usr', 'proc', 'sys', 'dev', 'tmp', 'mnt', ...STATE_FOLDERS].map(at).join(' ')}`,
    ...['bin', 'sbin', 'lib', 'lib64'].map((name) => `ln -s usr/${name} ${at(name)}`),
    `mount --bind ${quote(join(options.root, 'usr'))} ${at('usr')}`,
    `mount -o remount,bind,ro ${at('usr')}`,
    ...STATE_FOLDERS.map((name) => `mount --bind ${quote(join(options.state, name))} ${at(name)}`),
    options.hostPids === true ? `mount --rbind /proc ${at('proc')}` : `mount -t proc proc ${at('proc')}`,
    `mount --rbind /sys ${at('sys')}`,
    `mount --rbind /dev ${at('dev')}`,
    // podman keeps its locks there: those of a test must not meet those of the machine.
    `mount --bind ${quote(join(options.state, 'shm'))} ${at('dev/shm')}`,
    `mount --rbind /tmp ${at('tmp')}`,
  ];
  for (const bind of options.binds) {
    const to = at(bind.to ?? bind.from);
    // A file is bound on a file, a folder on a folder.
    lines.push(
      `if [ -d ${quote(bind.from)} ]; then mkdir -p ${to}; else mkdir -p "$(dirname ${to})"; [ -e ${to} ] || : > ${to}; fi`,
    );
    lines.push(`mount --rbind ${quote(bind.from)} ${to}`);
    if (bind.readOnly === true) lines.push(`mount -o remount,bind,ro ${to}`);
  }
  const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  lines.push('cwd=$1; shift', `export HOME=/root PATH=${path}`);
  lines.push(`exec chroot ${quote(fresh)} sh -c 'cd "$0" && exec "$@"' "$cwd" "$@"`);
  return lines.join('\n');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
