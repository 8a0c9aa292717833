import { DRIVERS } from '@berth/storage';
import type { LabMachine } from '../interface.ts';
import { bytesText, escapeHtml, momentText } from './format.ts';
import type { Words } from './words.ts';

export function machineId(at: number): string {
  return `m${at}`;
}

export function machineName({ name }: LabMachine, words: Words): string {
  return words.machineName[name] ?? name;
}

export function machineLink(machine: LabMachine, at: number, words: Words): string {
  return `<a href="#${machineId(at)}">${escapeHtml(machineName(machine, words))}</a>`;
}

export interface Unmeasured {
  readonly driver: string;
  /** A few words, and all that is to be said. */
  readonly cause: string;
  readonly whole: string;
}

/** Drivers that a machine has no figures of, each with the reason. */
export function unmeasuredDrivers(machine: LabMachine, words: Words): readonly Unmeasured[] {
  return DRIVERS.map(({ name }) => name)
    .filter((name) => machine.drivers.every(({ driver }) => driver !== name))
    .map((driver) => {
      const skipped = machine.skipped.find((one) => one.driver === driver);
      if (skipped === undefined) return { driver, cause: words.notInRun, whole: words.notInRun };
      return { driver, ...words.reason(skipped) };
    });
}

/** Why figures of one machine are not held against those of the first. */
export function acrossText(machine: LabMachine, first: LabMachine, words: Words): string {
  const { across } = words;
  const memory = [machine, first].map(({ memoryBytes }) => bytesText(memoryBytes)) as [string, string];
  const differences = [
    ...(isEmulated(machine) && !isEmulated(first) ? [across.emulated] : []),
    ...(machine.cores === first.cores ? [] : [across.cores(machine.cores, first.cores)]),
    ...(memory[0] === memory[1] ? [] : [across.memory(...memory)]),
    ...(machine.kernel === first.kernel ? [] : [across.kernel(machine.kernel)]),
  ];
  return across.what(
    machineName(machine, words),
    machineName(first, words),
    differences.length === 0 ? [across.nothing] : differences,
  );
}

/** As qemu names a processor that it plays itself. */
function isEmulated({ processor }: LabMachine): boolean {
  return /\bTCG\b/.test(processor);
}

export function machineFacts(machine: LabMachine, words: Words): string {
  const facts = [
    [words.kernel, `Linux ${machine.kernel}`],
    [words.processor, words.processorAndCores(machine.processor, words.cores(machine.cores))],
    [words.memory, bytesText(machine.memoryBytes)],
    [words.fileSystem, machine.fileSystem],
    [words.takenAt, momentText(machine.takenAt)],
  ];
  const missing = unmeasuredDrivers(machine, words).map(
    ({ driver, whole }) => `<li>${escapeHtml(words.colon(driver, whole))}</li>`,
  );
  return [
    `<dl>${facts.map(([term = '', text = '']) => `<div><dt>${escapeHtml(term)}</dt><dd>${escapeHtml(text)}</dd></div>`).join('')}</dl>`,
    missing.length === 0
      ? ''
      : `<div class="note"><p>${escapeHtml(words.skipped)}</p><ul>${missing.join('')}</ul></div>`,
  ].join('');
}
