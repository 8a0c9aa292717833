import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBrowser } from './browser.ts';

test('openBrowser() shows a page, with Chinese letters that are drawn and not boxes', async (t) => {
  const opened = await openBrowser(t);
  if (opened === undefined) return;
  const page = await opened.browser.newPage();
  await page.setContent('<h1>泊位</h1><canvas width="80" height="40"></canvas>');
  assert.equal(await page.textContent('h1'), '泊位');
  // Two letters without a glyph would be drawn as the same box.
  const script = `(letter) => {
    const canvas = document.querySelector('canvas');
    const pen = canvas.getContext('2d');
    pen.clearRect(0, 0, 80, 40);
    pen.font = '30px sans-serif';
    pen.fillText(letter, 5, 30);
    return canvas.toDataURL();
  }`;
  const draw = (letter: string) => page.evaluate(`(${script})(${JSON.stringify(letter)})`);
  assert.notEqual(await draw('泊'), await draw('位'));
});
