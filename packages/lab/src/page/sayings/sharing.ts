import { driverName, imageBytes, reportOf } from '../figures.ts';
import { bytesText } from '../format.ts';
import { cachedImageBytes, isCutOff, isShared } from '../memory-ceiling.ts';
import { NOTHING_BYTES } from '../which.ts';
import { isThroughFuse, type Judge, lacking, lackingAll, OVERLAYS, reportsOf, verdictOf } from './verdict.ts';

/** Its containers have a file system each, which is written to when it is mounted. */
const OWN_FILE_SYSTEM = 'devicemapper';

export const freshTakesNothing: Judge = (given) => {
  const { machine, words } = given;
  const { sharers } = machine.scale;
  const found = machine.drivers.flatMap((report) => {
    const bytes = report.figures['sharers.fresh.takenBytes'];
    if (report.driver === 'vfs' || bytes === undefined) return [];
    return [{ report, each: bytes / sharers, isNone: bytes / sharers < NOTHING_BYTES }];
  });
  if (found.length === 0) return lackingAll(given, [...OVERLAYS, 'btrfs', 'devicemapper']);
  const { noneBelow, perContainer, ownFileSystem, beforeMount } = words.books;
  const own = found.find(({ report, isNone }) => report.driver === OWN_FILE_SYSTEM && !isNone)?.report;
  const created = own?.figures['sharers.created.takenBytes'];
  return {
    verdict: verdictOf(found.map(({ isNone }) => isNone)),
    figures: [
      noneBelow(bytesText(NOTHING_BYTES)),
      ...found.map(({ report, each }) =>
        perContainer(driverName(report, words), bytesText(Math.round(each))),
      ),
      ...(own === undefined ? [] : [ownFileSystem(own.driver)]),
      ...(own === undefined || created === undefined
        ? []
        : [beforeMount(own.driver, bytesText(Math.round(created / sharers)))]),
    ],
  };
};

export const vfsCopiesAll: Judge = (given) => {
  const { machine, words } = given;
  const { scale } = machine;
  const bytes = reportOf(machine, 'vfs')?.figures['sharers.fresh.takenBytes'];
  if (bytes === undefined) return lacking(given, ['vfs']);
  const each = bytes / scale.sharers;
  return {
    verdict: each > 0.9 * imageBytes(scale) ? 'held' : 'notHeld',
    figures: [words.books.perContainer('vfs', bytesText(Math.round(each)))],
  };
};

/** Every driver that was measured has its say, but for one that stood in for what the books mean. */
export const overlaySharesMemory: Judge = (given) => {
  const { machine, words } = given;
  const { books } = words;
  const found = machine.drivers.flatMap((report) => {
    const bytes = report.figures['sharers.memoryBytes'];
    return bytes === undefined ? [] : [{ report, bytes, isOverlay: isOverlay(report.driver) }];
  });
  const judged = found.filter(({ report }) => !isThroughFuse(report));
  if (!judged.some((one) => one.isOverlay)) return lackingAll(given, OVERLAYS);
  if (judged.every((one) => one.isOverlay)) return lackingAll(given, ['btrfs', 'devicemapper', 'vfs']);
  const copy = cachedImageBytes(machine.scale);
  return {
    verdict: verdictOf(judged.map((one) => isShared(machine, one.bytes) === one.isOverlay)),
    figures: [
      books.oneCopy(bytesText(copy), bytesText(2 * copy)),
      ...found.map(({ report, bytes }) => {
        const text = bytesText(bytes);
        return books.each(driverName(report, words), isCutOff(machine, report) ? words.atLeast(text) : text);
      }),
      ...(found.some(({ report }) => isCutOff(machine, report)) ? [books.cutOff] : []),
      ...reportsOf(machine, ['aufs'])
        .filter(isThroughFuse)
        .map(({ driver }) => books.leftOut(driver, books.notKernelAufs)),
    ],
  };
};

function isOverlay(driver: string): boolean {
  return (OVERLAYS as readonly string[]).includes(driver);
}
