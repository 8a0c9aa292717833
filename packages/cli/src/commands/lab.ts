import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { LabProgress, LabReport } from '@berth/lab';
import type { CommandModule } from '../context.ts';
import { CliError } from '../errors.ts';

interface LabFlags {
  readonly folder: string;
  readonly out: string;
  readonly drivers?: string;
  readonly name: string;
  readonly quick?: boolean;
  readonly with: readonly string[];
}

const NOTHING: LabReport = { version: 1, machines: [] };

/** `berth lab`: measures the storage drivers of this machine and writes a page about them, in English and Chinese. */
export const labCommand: CommandModule = (program, context) => {
  program
    .command('lab')
    .description('Measure the storage drivers that work here, and write a page that shows how they differ')
    .option('--folder <path>', 'Where to measure: an existing folder on the disk that is meant', '.')
    .option('--out <path>', 'Folder for lab.html, lab.zh-CN.html and lab.json', '.')
    .option('--drivers <list>', 'Only these, separated by commas')
    .option('--name <name>', 'Name of this machine on the page', 'this machine')
    .option('--quick', 'The same work on a fraction of the bytes: for a look, not for figures')
    .option(
      '--with <file>',
      'Put the figures of another lab.json on the page, too; may be repeated',
      collect,
      [],
    )
    .option('--no-run', 'Measure nothing: make the page of what --with names')
    .action(async ({ run, ...flags }: LabFlags & { readonly run: boolean }) => {
      const lab = await import('@berth/lab');
      const out = resolve(context.cwd, flags.out);
      const others = await Promise.all(flags.with.map((path) => readReport(resolve(context.cwd, path))));
      if (!run && others.length === 0) {
        throw new CliError('USAGE', 'There is nothing to show: --no-run wants --with <file>');
      }
      const files = { json: 'lab.json', en: 'lab.html', zh: 'lab.zh-CN.html' } as const;
      const report = withOthers(run ? await measure(flags) : NOTHING);
      await write(report);
      const paths = Object.values(files).map((name) => join(out, name));
      context.printer.result({ report, files: paths }, () => paths.join('\n'));

      function withOthers(measured: LabReport): LabReport {
        return { version: 1, machines: [measured, ...others].flatMap(({ machines }) => machines) };
      }

      async function write(report: LabReport): Promise<void> {
        const { ENGLISH, CHINESE, labPage } = lab;
        const page = (words: typeof ENGLISH, other: typeof ENGLISH, href: string) =>
          labPage(report, { words, json: files.json, other: { href, name: other.languageName } });
        await writeFile(join(out, files.json), `${JSON.stringify(report, undefined, 2)}\n`);
        await writeFile(join(out, files.en), page(ENGLISH, CHINESE, files.zh));
        await writeFile(join(out, files.zh), page(CHINESE, ENGLISH, files.en));
      }

      async function measure({ folder, drivers, name, quick = false }: LabFlags): Promise<LabReport> {
        return await lab.runLab({
          ...{ folder: resolve(context.cwd, folder), name, signal: context.signal },
          scale: quick ? lab.QUICK_SCALE : lab.FULL_SCALE,
          ...(drivers === undefined ? {} : { drivers: drivers.split(',').filter(Boolean) }),
          onProgress: (progress) => context.stderr.write(progressLine(progress)),
          onReport: async (soFar) => await write(withOthers(soFar)),
        });
      }
    });
};

function collect(path: string, before: readonly string[]): readonly string[] {
  return [...before, path];
}

function progressLine({ driver, doing, done, total }: LabProgress): string {
  return `${driver.padEnd(14)}${String(done).padStart(2)}/${total}  ${doing}\n`;
}

async function readReport(path: string): Promise<LabReport> {
  const { LabError, isLabReport } = await import('@berth/lab');
  const text = await readFile(path, 'utf8');
  try {
    const report: unknown = JSON.parse(text);
    if (isLabReport(report)) return report;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new LabError('LAB_REPORT_INVALID', `Cannot use "${path}": it is not a report of berth lab`, {
    hint: 'Give a lab.json that berth lab wrote',
  });
}
