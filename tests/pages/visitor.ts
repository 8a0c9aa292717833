import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { cacheFolder } from '../lab/cache-folder.ts';

/** Somebody at a browser: a window of its own, with what the page complained about. */
export interface Visitor {
  readonly page: Page;
  /** Puts a picture of the page into the cache folder, to be looked at: `screenshots/<name>.png`. */
  look(name: string): Promise<void>;
  /** What a page must never do: throw, write to the console as an error, be refused by its own policy. */
  assertNoComplaints(): void;
}

export const PHONE = { width: 375, height: 740 } as const;
export const DESK = { width: 1280, height: 800 } as const;

/** Opens a window; it is closed when the test is over. */
export async function openWindow(
  t: TestContext,
  options: { readonly browser: Browser } & BrowserContextOptions,
): Promise<Visitor> {
  const { browser, ...how } = options;
  const context = await browser.newContext({ viewport: DESK, locale: 'en-GB', ...how });
  t.after(() => context.close());
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    // Chromium reports each answer of 400 and more; whether a refusal was right is the test's own matter.
    const isRefusal = message
      .text()
      .startsWith('Failed to load resource: the server responded with a status of 4');
    if (['error', 'warning'].includes(message.type()) && !isRefusal) complaints.push(message.text());
  });
  return {
    page,
    look: async (name) => {
      const folder = join(cacheFolder(), 'screenshots');
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, `${name}.png`), await page.screenshot({ fullPage: true }));
    },
    assertNoComplaints: () => assert.deepEqual(complaints, []),
  };
}

/** Whether the page can only be read by moving it sideways. */
export async function isTooWide(page: Page): Promise<boolean> {
  return await page.evaluate<boolean>(
    'document.documentElement.scrollWidth > document.documentElement.clientWidth',
  );
}

/** What the page has put on the clipboard. */
export async function copied(page: Page): Promise<string> {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  return await page.evaluate<string>('navigator.clipboard.readText()');
}
