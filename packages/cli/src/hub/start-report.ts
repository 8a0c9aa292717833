import type { CliContext } from '../context.ts';
import { engineFacts } from '../engine/ready-text.ts';
import type { EngineMessage, EngineReport } from '../engine/report.ts';
import { isProgram } from '../engine/requirements.ts';
import { usableClients } from './clients.ts';
import { readyText, stepLine } from './first-run.ts';
import type { HubMessage, HubReport } from './report.ts';
import { startWords } from './words/words.ts';

/** A Hub that is ready is not kept from its user by an engine that takes longer. */
const ENGINE_WAIT_MS = 10_000;

/** Puts what Hub and engine tell into one report on this terminal; with `--format json` the report is the answer. */
export class StartReport {
  readonly #context: CliContext;
  #hub: HubReport | undefined;
  #engine: EngineReport | undefined;
  #isEnginePending: boolean;
  #timer: NodeJS.Timeout | undefined;
  #isPrinted = false;

  constructor(context: CliContext, options: { readonly withEngine: boolean }) {
    this.#context = context;
    this.#isEnginePending = options.withEngine;
  }

  hub(message: HubMessage): void {
    const { printer, language } = this.#context;
    if (message.type === 'step') printer.note(stepLine(message.step, { ms: message.ms, language }));
    else if (message.type === 'warning') printer.note(`berth: ${message.message}`);
    else if (message.type === 'failed') printer.error(message.error);
    else {
      this.#hub = message.report;
      if (this.#isEnginePending) this.#timer = setTimeout(() => this.#print(), ENGINE_WAIT_MS);
      else this.#print();
    }
  }

  engine(message: EngineMessage): void {
    const { printer, language } = this.#context;
    const words = startWords(language).engine;
    this.#isEnginePending = false;
    if (message.type === 'ready') this.#engine = message.report;
    else {
      const { error } = message;
      printer.error({ ...error, message: words.absent(error.message) });
    }
    // Late: the Hub's report has been printed.
    if (this.#hub === undefined && message.type === 'ready' && this.#isPrinted) {
      for (const [name, value] of engineFacts(message.report, language)) printer.note(`  ${name}  ${value}`);
    }
    this.#print();
  }

  #print(): void {
    clearTimeout(this.#timer);
    const hub = this.#hub;
    if (hub === undefined) return;
    // Once for each start of the Hub.
    this.#hub = undefined;
    this.#isPrinted = true;
    const { printer, language, env, cwd } = this.#context;
    const engine = this.#engine;
    printer.record(engine === undefined ? hub : { ...hub, engine }, () =>
      readyText(hub, {
        ...{ language, clients: usableClients(env), folder: cwd },
        ...(engine === undefined ? {} : { engine, hasDocker: isProgram('docker', env) }),
      }),
    );
  }
}
