import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DetachScanner, parseDetachKeys } from './detach-keys.ts';

describe('parseDetachKeys()', () => {
  it('knows letters, control keys and DEL', () => {
    assert.deepEqual([...parseDetachKeys(undefined)], [16, 17]);
    assert.deepEqual([...parseDetachKeys('')], [16, 17]);
    assert.deepEqual(
      [...parseDetachKeys('a,ctrl-a,ctrl-@,ctrl-[,ctrl-_,ctrl-\\,DEL,Ctrl-Z')],
      [97, 1, 0, 27, 31, 28, 127, 26],
    );
  });

  it("refuses others in Docker's words", () => {
    for (const text of ['ctrl-', 'ctrl-1', 'ab', 'ctrl-p,', 'shift-a', 'é']) {
      assert.throws(() => parseDetachKeys(text), { message: `Invalid detach keys (${text}) provided` }, text);
    }
  });
});

describe('DetachScanner', () => {
  const type = (keys: string, ...pieces: string[]) => {
    const scanner = new DetachScanner(Buffer.from(keys));
    let passed = '';
    for (const piece of pieces) {
      const { pass, isDetached } = scanner.scan(Buffer.from(piece));
      passed += Buffer.from(pass).toString();
      if (isDetached) return `${passed}!`;
    }
    return passed + Buffer.from(scanner.flush()).toString();
  };

  it('ends at the keys, in one piece or in several, and passes what came before', () => {
    assert.equal(type('pq', 'lspq'), 'ls!');
    assert.equal(type('pq', 'ls', 'p', 'q', 'more'), 'ls!');
    assert.equal(type('pq', 'pqx'), '!');
  });

  it('gives back what was held when another key follows', () => {
    assert.equal(type('pq', 'p', 'x'), 'px');
    assert.equal(type('pq', 'pp', 'q'), 'p!');
    assert.equal(type('aab', 'aaab'), 'a!');
    assert.equal(type('abac', 'ababac'), 'ab!');
    assert.equal(type('pq', 'ls p'), 'ls p');
  });

  it('loses no byte of any text without the keys, however it is cut', () => {
    const text = 'aababcabaabac'.repeat(20);
    for (let at = 0; at < text.length; at += 7) {
      assert.equal(type('abad', text.slice(0, at), text.slice(at)), text);
    }
  });
});
