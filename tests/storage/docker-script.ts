import type { CommandResult } from '../lab/command.ts';

/** What runs the docker command, wherever the engine is. */
export interface DockerMachine {
  docker(args: readonly string[], options?: { readonly input?: string | Uint8Array }): Promise<CommandResult>;
  /** Name of the image in a registry that may be pushed to; the command is signed in. */
  readonly remote: string;
  /** A tar of a root filesystem with a shell and small tools. */
  readonly rootfs: Uint8Array;
  /** A folder that the docker command sees, empty. */
  readonly folder: string;
  /** Names in a tar in that folder. */
  tarNames(path: string): Promise<readonly string[]>;
}

/** One command line as it ended, with what differs between any two runs taken out. */
export interface ScriptLine {
  readonly command: string;
  readonly code: CommandResult['code'];
  readonly output: string;
}

const WRITE = [
  'echo new > /new && echo changed >> /etc/passwd && rm /usr/bin/yes && mkdir -p /deep/er',
  'mv /deep/er /deep/moved && ln /new /hard && ln -s new /soft && echo file > /root/file && chmod 700 /root && touch -d @1000000000 /tmp',
].join(' && ');

/** Thirty lines that pull, run, write, rename, delete, diff, commit, run again, copy, export and remove. */
function linesOf({ remote, folder, rootfs }: DockerMachine): readonly (readonly [string, Uint8Array?])[] {
  return [
    [`import - ${remote}`, rootfs],
    [`push ${remote}`],
    [`rmi ${remote}`],
    [`pull ${remote}`],
    [`images --format {{.Repository}}:{{.Tag}}|{{.Size}}`],
    [`history --format {{.Size}}|{{.CreatedBy}} ${remote}`],
    [`run --rm ${remote} ls -la /usr/bin/sh /etc /tmp`],
    [`run --name work ${remote} sh -c`, Buffer.from(WRITE)],
    [`diff work`],
    [`ps --all --format {{.Names}}|{{.Image}}|{{.State}}`],
    [`commit work ${remote}-two`],
    [`history --format {{.Size}} ${remote}-two`],
    [
      `run --rm ${remote}-two sh -c`,
      Buffer.from('cat /new /hard /soft; stat -c "%h %a %n" /new /root /soft; ls /deep; ls /usr/bin/yes'),
    ],
    [`run --rm ${remote} sh -c`, Buffer.from('tail -n 1 /etc/passwd; ls /new /deep; ls /usr/bin/yes')],
    [
      `run --name more ${remote}-two sh -c`,
      Buffer.from(
        'rm -r /deep && mkdir /deep && echo again > /deep/again && echo x >> /new && mv /root /was && mkdir /root && cat /was/file',
      ),
    ],
    [`diff more`],
    [`commit --message third more ${remote}-three`],
    [
      `run --rm ${remote}-three sh -c`,
      Buffer.from('ls /deep /root /was; cat /deep/again /new /hard /was/file'),
    ],
    [`cp more:/deep ${folder}/out`],
    [`cp ${folder}/out/again more:/copied`],
    [`exec more true`],
    [`diff more`],
    [`export --output ${folder}/all.tar more`],
    [`start --attach more`],
    [`rename more last`],
    [`save --output ${folder}/image.tar ${remote}-three`],
    [`volume create data`],
    [
      `run --rm --mount type=volume,source=data,target=/root ${remote}-two sh -c`,
      Buffer.from('stat -c %a /root; echo kept > /root/kept'),
    ],
    [
      `run --rm --read-only --mount type=volume,source=data,target=/root ${remote}-two sh -c`,
      Buffer.from('cat /root/kept; echo no > /no'),
    ],
    [`rm --volumes work last`],
    [`rmi ${remote} ${remote}-two ${remote}-three`],
    [`volume rm data`],
    [`system df --format {{.Type}}|{{.TotalCount}}|{{.Size}}`],
  ];
}

/** Runs them one after the other; a failure is a result like any other. */
export async function runScript(machine: DockerMachine): Promise<readonly ScriptLine[]> {
  const results: ScriptLine[] = [];
  for (const [line, more] of linesOf(machine)) {
    const words = line.split(' ');
    const isProgram = line.endsWith('sh -c');
    const args = isProgram ? [...words, Buffer.from(more ?? []).toString()] : words;
    const ran = await machine.docker(args, !isProgram && more !== undefined ? { input: more } : {});
    const tar = words[1] === '--output' ? words[2] : undefined;
    const names = tar === undefined || ran.code !== 0 ? [] : await machine.tarNames(tar);
    results.push({
      command: line.replaceAll(machine.remote, 'app').replaceAll(machine.folder, '.'),
      code: ran.code,
      output: plain([ran.stdout, ran.stderr, ...names].join('\n'), line, machine),
    });
  }
  return results;
}

const PROGRESS =
  /^\S+: (Waiting|Preparing|Pulling|Pushing|Extracting|Downloading|Verifying|Download complete|Pull complete|Pushed|Layer already exists)/;

/** Ids and moments differ between any two runs; names and contents do not. */
function plain(output: string, line: string, { remote, folder }: DockerMachine): string {
  const text = output
    .replaceAll(remote, 'app')
    .replaceAll(folder, '.')
    .replaceAll(/[0-9a-f]{64}/g, '<digest>')
    .replaceAll(/\b[0-9a-f]{12}\b/g, '<id>')
    .replaceAll(/\b[A-Z][a-z]{2} [ \d]\d (\d\d:\d\d| \d{4})/g, '<time>');
  // Progress says nothing, and neither does the order of a walk.
  const lines = text.split(/[\r\n]+/).filter((one) => one !== '' && !PROGRESS.test(one));
  return (/^(diff|export|save)/.test(line) ? lines.sort() : lines).join('\n');
}
