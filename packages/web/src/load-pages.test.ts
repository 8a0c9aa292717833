import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadPages } from './load-pages.ts';

test('loadPages() gives a shell whose assets are all there, cacheable for ever', async () => {
  const pages = await loadPages();
  const html = Buffer.from(pages.shell.bytes).toString();
  const assets = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map((match) => match[1] ?? '');
  assert.ok(assets.length >= 3, html);
  for (const asset of assets) {
    const file = pages.file(asset);
    assert.ok(file, asset);
    assert.match(file.cacheControl, /immutable/);
    assert.match(file.etag, /^"[\w-]{22}"$/);
  }
  assert.equal(pages.shell.cacheControl, 'no-cache');
  assert.equal(pages.file('/index.html'), undefined);
  assert.equal(pages.file('/../package.json'), undefined);
});

test('loadPages() gives the same files from sources and from the folder', async () => {
  const [first, second] = [await loadPages(), await loadPages()];
  assert.equal(first.shell.etag, second.shell.etag);
});
