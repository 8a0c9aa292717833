import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseScopes } from './scope.ts';

test('parseScopes() reads several parameters and several scopes in one', () => {
  assert.deepEqual(
    parseScopes(['repository:a/b:pull,push registry:catalog:*', 'repository:host:5000/c/d:pull']),
    [
      { type: 'repository', name: 'a/b', actions: ['pull', 'push'] },
      { type: 'registry', name: 'catalog', actions: ['*'] },
      { type: 'repository', name: 'host:5000/c/d', actions: ['pull'] },
    ],
  );
  assert.deepEqual(parseScopes([]), []);
  assert.deepEqual(parseScopes(['', '  ']), []);
  assert.deepEqual(parseScopes(['repository:a/b:']), [{ type: 'repository', name: 'a/b', actions: [] }]);
});

test('parseScopes() refuses what is not type:name:actions, and a hundred and one', () => {
  for (const text of ['pull', 'repository:a/b', ':a:b']) {
    assert.throws(() => parseScopes([text]), { code: 'SCOPE_INVALID' }, text);
  }
  assert.throws(() => parseScopes([Array(101).fill('repository:a/b:pull').join(' ')]), {
    code: 'SCOPE_INVALID',
  });
});
