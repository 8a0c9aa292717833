import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressFrom } from './address.ts';

const BASE = new URL('https://registry.example/v2/a/blobs/uploads/');

test('addressFrom() takes what is relative and what is elsewhere', () => {
  assert.equal(addressFrom('/x?y=z', BASE).href, 'https://registry.example/x?y=z');
  assert.equal(addressFrom('1', BASE).href, `${BASE.href}1`);
  assert.equal(addressFrom('http://other:5000/x', BASE).href, 'http://other:5000/x');
  assert.equal(addressFrom('//other/x', BASE).href, 'https://other/x');
});

test('addressFrom() refuses what is no address of HTTP', () => {
  for (const text of ['http://[', 'http://', 'ftp://other/x', 'file:///etc/passwd', 'javascript:1', 'a:b']) {
    assert.throws(
      () => addressFrom(text, BASE),
      { code: 'RESPONSE_INVALID', message: /registry\.example/ },
      text,
    );
  }
});
