import { isClearlyLess } from '../difference.ts';
import { driverName, lowDepth, poolBlockBytesOf, reportOf } from '../figures.ts';
import { bytesText, countText, msText } from '../format.ts';
import { isThroughFuse, type Judge, lacking, lackingAll, OVERLAYS, reportsOf, verdictOf } from './verdict.ts';

/** So many of it make the file: as much as one is no longer a few blocks. */
const PARTS = 20;

export const aufsLowLayers: Judge = (given) => {
  const { machine, words } = given;
  const report = reportOf(machine, 'aufs');
  const depth = lowDepth(machine);
  const low = report?.figures[`copyUp.${depth}.first.ms`];
  const high = report?.figures['copyUp.top.first.ms'];
  if (report === undefined || low === undefined || high === undefined) return lacking(given, ['aufs']);
  const { against, throughFuse } = words.books;
  const seen = against(words.depth[depth], msText(low), words.depth.top, msText(high));
  if (isThroughFuse(report)) return { verdict: 'unknown', figures: [throughFuse, seen] };
  return { verdict: isClearlyLess(high, low) ? 'held' : 'notHeld', figures: [seen] };
};

export const overlayWholeFiles: Judge = (given) => {
  const { machine, words } = given;
  const found = reportsOf(machine, OVERLAYS).flatMap((report) => {
    const bytes = report.figures[`copyUp.${lowDepth(machine)}.first.takenBytes`];
    return bytes === undefined ? [] : [{ report, bytes }];
  });
  if (found.length === 0) return lackingAll(given, OVERLAYS);
  return {
    verdict: verdictOf(
      found.map(({ report, bytes }) => bytes > 0.9 * (report.largeFileBytes ?? machine.scale.largeFileBytes)),
    ),
    figures: found.map(({ report, bytes }) => words.books.each(driverName(report, words), bytesText(bytes))),
  };
};

/** What it takes of its pool, and what goes to the disk for it: journals and the records of the pool are in that, too. */
export const deviceMapperBlocks: Judge = (given) => {
  const { machine, words } = given;
  const driver = 'devicemapper';
  const report = reportOf(machine, driver);
  const at = `copyUp.${lowDepth(machine)}.first` as const;
  const taken = report?.figures[`${at}.takenBytes`];
  if (report === undefined || taken === undefined) return lacking(given, [driver]);
  const written = report.figures[`${at}.writtenBytes`];
  const { fromPool, poolRecords, toDisk, toDiskUnknown, fewBlocks } = words.books;
  const fileBytes = report.largeFileBytes ?? machine.scale.largeFileBytes;
  const block = poolBlockBytesOf(report);
  const limit = fileBytes / PARTS;
  return {
    verdict: Math.max(taken, written ?? 0) < limit ? 'held' : 'notHeld',
    figures: [
      fromPool({
        ...{ driver, taken: bytesText(taken), file: bytesText(fileBytes) },
        ...{ blocks: countText(taken / block), block: bytesText(block) },
      }),
      ...(taken > block ? [poolRecords] : []),
      written === undefined ? toDiskUnknown : toDisk(bytesText(written)),
      fewBlocks(bytesText(limit), PARTS),
    ],
  };
};
