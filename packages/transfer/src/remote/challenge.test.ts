import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseChallenges } from './challenge.ts';

function plain(value: string | readonly string[] | undefined) {
  return parseChallenges(value).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);
}

test('parseChallenges() reads what registries send', () => {
  assert.deepEqual(
    plain(
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"',
    ),
    [
      [
        'bearer',
        {
          realm: 'https://auth.docker.io/token',
          service: 'registry.docker.io',
          scope: 'repository:a/b:pull,push',
        },
      ],
    ],
  );
  assert.deepEqual(plain('Basic realm="a \\"quoted\\" name"'), [['basic', { realm: 'a "quoted" name' }]]);
  assert.deepEqual(plain('Negotiate, Basic realm=plain , Bearer realm = "x"'), [
    ['negotiate', {}],
    ['basic', { realm: 'plain' }],
    ['bearer', { realm: 'x' }],
  ]);
  assert.deepEqual(plain(['Basic realm="a"', 'Bearer realm="b"']), [
    ['basic', { realm: 'a' }],
    ['bearer', { realm: 'b' }],
  ]);
  assert.deepEqual(plain(undefined), []);
});

test('parseChallenges() takes any text without failing', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      for (const { scheme } of parseChallenges(text)) assert.match(scheme, /^\S+$/);
    }),
  );
});
