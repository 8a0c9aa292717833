import { makeTarEntry, type TarItem } from './entry.ts';
import { readTar } from './read-tar.ts';
import { collect, inChunks } from './testing/raw-tar.ts';
import { type TarInput, writeTar } from './write-tar.ts';

/** Prints how fast tars are read and written: `node packages/oci/src/tar/tar.bench.ts`. */

const BIG = 64 * 1024 * 1024;
const COUNT = 50_000;
const TEXT = Buffer.alloc(700, 'x');

function bigFiles(): TarInput[] {
  const content = Buffer.alloc(BIG, 7);
  return Array.from({ length: 8 }, (_, index) => ({
    entry: makeTarEntry({ type: 'file', path: `big-${index}`, size: BIG }),
    content: inChunks(content),
  }));
}

function smallFiles(more: Parameters<typeof makeTarEntry>[0] | object = {}): TarInput[] {
  return Array.from({ length: COUNT }, (_, index) => ({
    entry: makeTarEntry({
      type: 'file',
      path: `usr/share/doc/package-${index % 500}/file-${index}`,
      size: TEXT.length,
      mtime: 1_700_000_000_000_000_000n,
      ...more,
    }),
    content: [TEXT],
  }));
}

async function measure(
  what: string,
  { bytes, entries, run }: { bytes: number; entries: number; run: () => Promise<void> },
): Promise<void> {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 4; round++) {
    const start = performance.now();
    await run();
    best = Math.min(best, (performance.now() - start) / 1000);
  }
  const speed = `${Math.round(bytes / best / 2 ** 20)} MiB/s`.padStart(12);
  console.log(`${what.padEnd(34)}${speed}${String(Math.round(entries / best)).padStart(10)} entries/s`);
}

async function drain(source: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of source);
}

async function drainItems(source: AsyncIterable<TarItem>, withContent: boolean): Promise<void> {
  for await (const { content } of source) if (withContent) await drain(content);
}

for (const [what, make, entries] of [
  ['8 files of 64 MiB', bigFiles, 8],
  ['50,000 files of 700 bytes', smallFiles, COUNT],
  ['the same with PAX times', () => smallFiles({ mtime: 1_700_000_000_123_456_789n }), COUNT],
] as const) {
  const archive = await collect(writeTar(make()));
  const bytes = archive.length;
  await measure(`write ${what}`, { bytes, entries, run: () => drain(writeTar(make())) });
  await measure(`read ${what}`, { bytes, entries, run: () => drainItems(readTar(inChunks(archive)), true) });
  await measure(`skip ${what}`, { bytes, entries, run: () => drainItems(readTar(inChunks(archive)), false) });
}
