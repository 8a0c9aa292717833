import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseRegistryAuth } from './registry-auth.ts';

const encode = (value: unknown, alphabet: 'base64' | 'base64url' = 'base64url') =>
  Buffer.from(JSON.stringify(value)).toString(alphabet);

describe('parseRegistryAuth()', () => {
  it('reads names with passwords and identity tokens, in both alphabets', () => {
    const ada = { username: 'ada', password: 'ÿþ?>secret', serveraddress: 'localhost:5000' };
    for (const header of [encode(ada), encode(ada, 'base64')]) {
      assert.deepEqual(parseRegistryAuth(header), { username: 'ada', password: 'ÿþ?>secret' });
    }
    assert.deepEqual(parseRegistryAuth(encode({ username: 'ada', identitytoken: 'tok' })), {
      username: 'ada',
      password: '',
      identityToken: 'tok',
    });
  });

  it('takes nothing for nothing', () => {
    for (const header of [undefined, '', encode({}), encode(null), encode({ email: 'x' })]) {
      assert.equal(parseRegistryAuth(header), undefined);
    }
  });

  it('refuses what cannot be read, unless it may not matter', () => {
    for (const header of ['!!', encode([]), encode('x'), 'e30e30']) {
      assert.throws(
        () => parseRegistryAuth(header),
        { code: 'REQUEST_INVALID', message: /X-Registry-Auth/ },
        header,
      );
      assert.equal(parseRegistryAuth(header, { isLenient: true }), undefined);
    }
  });

  it('does not drop a bare token in silence', () => {
    assert.throws(() => parseRegistryAuth(encode({ registrytoken: 'abc' })), { code: 'NOT_IMPLEMENTED' });
  });
});
