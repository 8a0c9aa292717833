import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextPage } from './tags.ts';

test('nextPage() reads rel="next" as RFC 8288 writes it', () => {
  assert.equal(nextPage('</v2/a/tags/list?n=2&last=b>; rel="next"'), '/v2/a/tags/list?n=2&last=b');
  assert.equal(nextPage('<https://x/y>;rel=next'), 'https://x/y');
  assert.equal(nextPage('<a>; rel="prev", <b>; rel="next"'), 'b');
  assert.equal(nextPage('<a>; rel="prev"'), undefined);
  assert.equal(nextPage(undefined), undefined);
});
