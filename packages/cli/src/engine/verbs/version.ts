import { hasCode } from '@berth/errors';
import { VERSION } from '../../version.ts';
import { FORMAT_FLAG } from './inspect-objects.ts';
import { type Verb, VerbError } from './interface.ts';

interface EngineVersion {
  readonly Platform?: { readonly Name: string };
  readonly Version: string;
  readonly ApiVersion: string;
  readonly MinAPIVersion: string;
  readonly Os: string;
  readonly Arch: string;
  readonly Components?: readonly {
    readonly Name: string;
    readonly Version: string;
    readonly Details?: Readonly<Record<string, string>>;
  }[];
}

const LABEL_COLUMNS = 19;

export const version: Verb = {
  usage: '',
  description: 'Show the version of this command and of the engine',
  flags: [FORMAT_FLAG],
  args: [0, 0],
  async run({ api, out }) {
    const client = {
      Version: VERSION,
      NodeVersion: process.version,
      Os: process.platform,
      Arch: process.arch,
    };
    let server: EngineVersion | undefined;
    let problem: unknown;
    try {
      server = await api.json<EngineVersion>({ path: '/version' });
    } catch (error) {
      problem = error;
    }
    out.line(
      [
        'Client: Berth',
        fact(1, 'Version', VERSION),
        fact(1, 'Node version', process.version),
        fact(1, 'OS/Arch', `${process.platform}/${process.arch}`),
        ...(server === undefined ? [] : ['', ...serverLines(server)]),
      ].join('\n'),
      { Client: client, Server: server ?? null },
    );
    if (problem === undefined) return;
    // What is known is told, and then why the rest is not.
    if (hasCode(problem)) throw problem;
    throw new VerbError(String(problem));
  },
};

function serverLines(server: EngineVersion): readonly string[] {
  return [
    `Server: ${server.Platform?.Name ?? 'Engine'}`,
    ' Engine:',
    fact(2, 'Version', server.Version),
    fact(2, 'API version', `${server.ApiVersion} (minimum version ${server.MinAPIVersion})`),
    fact(2, 'OS/Arch', `${server.Os}/${server.Arch}`),
    ...(server.Components ?? [])
      .filter(({ Name }) => Name !== 'Engine')
      .flatMap(({ Name, Version }) => [` ${Name}:`, fact(2, 'Version', Version)]),
  ];
}

function fact(indent: number, label: string, value: string): string {
  return `${' '.repeat(indent)}${label}:`.padEnd(LABEL_COLUMNS) + value;
}
