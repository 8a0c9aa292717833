/** What a person reads off the first run. */
export interface FirstRun {
  readonly url: string;
  /** `host:port` for image names. */
  readonly host: string;
  readonly setupLink: URL | undefined;
  /** Lines that stand alone, four spaces before them: there to be pasted. */
  readonly pasteLines: readonly string[];
  /** Seconds that went into bringing packages; 0 when they were there. */
  readonly downloadSeconds: number;
}

export function isReady(output: string): boolean {
  return /Ctrl-C/.test(output);
}

export function readFirstRun(output: string): FirstRun {
  const url = /Your Hub +(\S+)/.exec(output)?.[1];
  if (url === undefined) throw new Error(`The first run does not say where the Hub is:\n${output}`);
  const link = /First account +(\S+)/.exec(output)?.[1];
  return {
    url,
    host: new URL(url).host,
    setupLink: link === undefined ? undefined : new URL(link),
    pasteLines: output.split('\n').flatMap((line) => (/^ {4}\S/.test(line) ? [line.trim()] : [])),
    downloadSeconds: Number(/Dependencies installed \(([\d.]+) s\)/.exec(output)?.[1] ?? 0),
  };
}

/** Fills in the form behind the set-up link. */
export async function makeFirstAccount(
  { setupLink }: FirstRun,
  account: { readonly username: string; readonly password: string },
): Promise<void> {
  if (setupLink === undefined) throw new Error('The first run printed no set-up link');
  const { origin, pathname, searchParams } = setupLink;
  const answer = await fetch(origin + pathname, {
    method: 'POST',
    body: new URLSearchParams({ ...account, code: searchParams.get('code') ?? '' }),
    headers: { origin, accept: 'application/json' },
  });
  if (answer.status !== 200) throw new Error(`Cannot make the account: ${await answer.text()}`);
}
