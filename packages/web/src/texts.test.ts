import assert from 'node:assert/strict';
import { test } from 'node:test';
import { en } from './pages/i18n/en.ts';
import { zhCN } from './pages/i18n/zh-cn.ts';

test('every text is there in both languages, and translated', () => {
  assert.deepEqual(Object.keys(zhCN), Object.keys(en));
  for (const [key, text] of Object.entries(zhCN)) {
    assert.match(text, /[\u4e00-\u9fff]/, `${key} is not Chinese: ${text}`);
    assert.doesNotMatch(text, /[\u4e00-\u9fff][,:;()]/, `${key} has half-width marks: ${text}`);
  }
});
