import type { DriverReport } from '../../interface.ts';
import { driverName } from '../figures.ts';
import { escapeHtml, msText } from '../format.ts';
import { table } from '../table.ts';
import type { Words } from '../words.ts';
import type { Section } from './section.ts';

export const rename: Section = {
  name: 'rename',
  render(machine, words) {
    const { heading, what, outcome } = words.rename;
    const rows = machine.drivers.map((one) => [driverName(one, words), renameText(one, words)]);
    return { heading, html: `<p>${escapeHtml(what)}</p>${table([words.driver, outcome], rows)}` };
  },
};

export function renameText({ figures, refused }: DriverReport, words: Words): string {
  const time = figures['rename.ms'];
  return time === undefined ? words.unmeasured(refused['rename.ms']) : words.rename.works(msText(time));
}
