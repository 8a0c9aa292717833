import { shellQuote } from '@berth/hub/trust';
import { engineFacts } from '../engine/ready-text.ts';
import type { EngineReport } from '../engine/report.ts';
import { alignColumns, formatBytes, padDisplay } from '../output/columns.ts';
import type { Language } from '../output/language.ts';
import type { Client } from './clients.ts';
import type { HubReport } from './report.ts';
import { startWords } from './words/words.ts';

export interface FirstRunOptions {
  readonly language: Language;
  readonly clients: readonly Client[];
  /** Where `npx berth` works. */
  readonly folder: string;
  /** The engine that was started with the Hub. */
  readonly engine?: EngineReport;
  /** Whether the docker command is here; it needs no daemon of its own then. */
  readonly hasDocker?: boolean;
}

/** One finished step of a start: `  Databases    0.12 s`. */
export function stepLine(
  step: keyof ReturnType<typeof startWords>['steps'],
  options: { ms: number; language: Language },
): string {
  const words = startWords(options.language);
  return `  ${padDisplay(words.steps[step], 14)} ${words.seconds((options.ms / 1000).toFixed(2))}`;
}

/**
 * What a person needs to know of a Hub that is ready. Lines to paste stand alone, four spaces before them, and
 * work as they are: a test takes them from here and runs them.
 */
export function readyText(report: HubReport, options: FirstRunOptions): string {
  const { language, clients, folder, engine } = options;
  const words = startWords(language);
  const notes = [
    words.free(formatBytes(report.freeBytes)),
    ...(report.user === null ? [] : [words.runsAs(report.user)]),
  ];
  const facts = [[words.address, report.url]];
  if (report.setupLink !== null) facts.push([words.setup, report.setupLink]);
  facts.push([words.dataFolder, `${report.dataFolder} (${notes.join(', ')})`]);
  if (engine !== undefined)
    for (const [name, value] of engineFacts(engine, language)) facts.push([name, value]);
  const blocks = [alignColumns(facts.map(([name = '', value = '']) => [`  ${name}`, value]))];
  if (report.setupLink !== null) blocks.push(`  ${words.setupOnce}`);
  const trust = report.trust.filter(({ client }) => client === 'curl' || isThere(client, clients));
  if (trust.length > 0)
    blocks.push(
      pasteBlock(
        words.trust,
        trust.map(({ command }) => command),
      ),
    );
  blocks.push(pasteBlock(words.tryIn(folder), tryLines(report, clients)));
  if (engine !== undefined && options.hasDocker === true) {
    const docker = `DOCKER_HOST=${shellQuote(engine.address)} docker`;
    blocks.push(
      pasteBlock(words.engine.run, [`${docker} run --rm ${pasteParts(report).host}/library/hello`]),
    );
  }
  if (report.setupLink !== null) blocks.push(pasteBlock(words.push, pushLines(report)));
  blocks.push(`  ${engine === undefined ? words.stop : words.stopWithEngine}`);
  return `\n${blocks.join('\n\n')}\n`;
}

function isThere(client: 'docker' | 'podman', clients: readonly Client[]): boolean {
  return clients.includes(client) || (client === 'podman' && clients.includes('skopeo'));
}

function pasteBlock(title: string, lines: readonly string[]): string {
  return [`  ${title}`, ...lines.map((line) => `    ${line}`)].join('\n');
}

function tryLines(report: HubReport, clients: readonly Client[]): string[] {
  const { berth, host, plain } = pasteParts(report);
  const image = `${host}/library/hello`;
  const lines = [`${berth} tags ${image}`, `${berth} copy ${image} oci:./hello`];
  if (clients.includes('docker')) lines.push(`docker pull ${image}`);
  if (clients.includes('podman')) lines.push(`podman pull${plain} ${image}`);
  if (clients.includes('skopeo')) lines.push(`skopeo inspect${plain} docker://${image}`);
  return lines;
}

/** The first account is an administrator, who may write to `library/`: so no name has to be filled in. */
function pushLines(report: HubReport): string[] {
  const { berth, host } = pasteParts(report);
  return [`${berth} login ${host}`, `${berth} copy ${host}/library/hello ${host}/library/first`];
}

function pasteParts({ url, authorityPath }: HubReport): { berth: string; host: string; plain: string } {
  const { host, protocol } = new URL(url);
  return {
    berth: authorityPath === null ? 'npx berth' : `BERTH_REGISTRY_CA=${shellQuote(authorityPath)} npx berth`,
    host,
    plain: protocol === 'http:' ? ' --tls-verify=false' : '',
  };
}
