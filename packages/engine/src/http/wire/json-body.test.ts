import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { describe, it } from 'node:test';
import { parseJsonBody } from './json-body.ts';
import { createContainerBody, createExecBody } from './schemas.ts';
import type { Shape } from './shape.ts';

const read = <T>(shape: Shape<T>, value: unknown): T => shape.read(value, '');

describe('a body', () => {
  it('keeps fields that nobody knows', () => {
    assert.deepEqual(
      read(createContainerBody, { Image: 'x', Future: { a: null }, HostConfig: { New: [1] } }),
      {
        Image: 'x',
        Future: { a: null },
        HostConfig: { New: [1] },
      },
    );
  });

  it('names the field of a wrong type, however deep', () => {
    for (const [body, field] of [
      [{ Image: 5 }, 'Image'],
      [{ HostConfig: { Memory: '12m' } }, 'HostConfig.Memory'],
      [{ HostConfig: { Memory: 1.5 } }, 'HostConfig.Memory'],
      [{ HostConfig: { Mounts: [{ Type: 'bind' }, { Target: true }] } }, 'HostConfig.Mounts.1.Target'],
      [
        { HostConfig: { PortBindings: { '80/tcp': [{ HostPort: 80 }] } } },
        'HostConfig.PortBindings.80/tcp.0.HostPort',
      ],
      [{ Env: 'A=1' }, 'Env'],
      [{ HostConfig: 'x' }, 'HostConfig'],
      [{ Healthcheck: { Interval: '3s' } }, 'Healthcheck.Interval'],
      [[], 'body'],
    ] as const) {
      assert.throws(
        () => read(createContainerBody, body),
        (error: Error & { class?: string }) =>
          error.class === 'invalidArgument' && error.message.includes(field),
        JSON.stringify(body),
      );
    }
  });

  it('counts null as absent where a field is known, and keeps it in maps', () => {
    assert.deepEqual(
      read(createContainerBody, {
        Cmd: null,
        Entrypoint: null,
        Volumes: { '/x': null },
        HostConfig: { Memory: null, MaskedPaths: [], Binds: null, PortBindings: { '80/tcp': null } },
      }),
      { Volumes: { '/x': null }, HostConfig: { MaskedPaths: [], PortBindings: { '80/tcp': [] } } },
    );
  });

  it('takes names in another case, as Go does, but not one twice', () => {
    assert.deepEqual(read(createExecBody, { cmd: ['ls'], TTY: true }), { Cmd: ['ls'], Tty: true });
    assert.deepEqual(read(createContainerBody, { Cmd: 'one word' }), { Cmd: ['one word'] });
  });

  it('is not a way to change the prototype of anything', () => {
    const body = read(
      createContainerBody,
      JSON.parse('{"__proto__":{"Image":"x"},"Labels":{"__proto__":"y"}}'),
    );
    assert.equal((body as { Image?: unknown }).Image, undefined);
    assert.equal(Object.getPrototypeOf(body), Object.prototype);
  });

  it('must be JSON by its type, so that a page cannot send one in passing', () => {
    const bytes = Buffer.from('{}');
    const request = (type: string) => ({ headers: { 'content-type': type } }) as unknown as IncomingMessage;
    assert.deepEqual(parseJsonBody(request('application/json; charset=utf-8'), bytes), {});
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', '', 'application/jsonx']) {
      assert.throws(() => parseJsonBody(request(type), bytes), {
        message: `unsupported Content-Type header (${type}): must be 'application/json'`,
      });
    }
    assert.throws(() => parseJsonBody(request('application/json'), Buffer.from('{')), {
      code: 'REQUEST_INVALID',
    });
  });
});
