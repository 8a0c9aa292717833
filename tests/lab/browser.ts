import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Browser, chromium } from 'playwright-core';
import { BROWSER } from './package-sets.ts';
import { type InsideOptions, type Lab, openPeers } from './peers.ts';

/** A browser that is closed when the test is over, and the lab it runs in. */
export interface LabBrowser {
  readonly browser: Browser;
  readonly lab: Lab;
}

/**
 * Debian's Chromium, driven by Playwright; it can show Chinese. Where it cannot be had the test is skipped with the
 * reason.
 */
export async function openBrowser(
  t: TestContext,
  options: Pick<InsideOptions, 'netns' | 'env'> = {},
): Promise<LabBrowser | undefined> {
  const lab = await openPeers(t, BROWSER);
  if (lab === undefined) return undefined;
  const browser = await chromium.launch({
    executablePath: await writeLauncher(lab, options),
    // Its own sandbox needs a user that is not root; the lab's namespaces are around it.
    args: [
      ...['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--disable-quic', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
    ],
    ...(options.env === undefined ? {} : { env: { ...process.env, ...options.env } }),
  });
  lab.beforeClose(() => browser.close());
  return { browser, lab };
}

/** Playwright starts a file with arguments: this one enters the lab first. */
async function writeLauncher(lab: Lab, options: Pick<InsideOptions, 'netns'>): Promise<string> {
  const path = join(lab.state, 'chromium');
  const command = lab.command('/usr/lib/chromium/chromium', [], options);
  const quoted = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  await writeFile(path, `#!/bin/sh\nexec ${quoted} "$@"\n`);
  await chmod(path, 0o755);
  return path;
}
