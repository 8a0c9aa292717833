import assert from 'node:assert/strict';
import { it } from 'node:test';
import { pino } from 'pino';
import { createApp } from './app.ts';

it('createApp() logs a fault with its reason and shows a stranger none of it', async () => {
  const lines: string[] = [];
  const bytes = Buffer.from('page');
  await using app = await createApp({
    index: async () => undefined,
    pages: {
      file: () => undefined,
      shell: { bytes, contentType: 'text/html', etag: '"1"', cacheControl: 'no-cache' },
    },
    logger: pino({ base: null }, { write: (line) => lines.push(line) }),
    onAccess: () => undefined,
    isReady: async () => {
      throw new Error('disk I/O error in /var/lib/berth/hub/registry.db');
    },
  });
  const answer = await app.inject('/readyz');
  assert.equal(answer.statusCode, 500);
  assert.doesNotMatch(answer.body, /disk|berth/);
  assert.match(lines.join(''), /disk I\/O error.*GET \/readyz/);
  assert.equal((await app.inject('//')).statusCode, 200);
});
