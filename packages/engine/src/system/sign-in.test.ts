import assert from 'node:assert/strict';
import { it } from 'node:test';
import { registryHost } from './sign-in.ts';

it('registryHost() reads what docker login sends', () => {
  for (const [address, host] of [
    ['https://index.docker.io/v1/', 'docker.io'],
    ['registry-1.docker.io', 'docker.io'],
    ['localhost:5000', 'localhost:5000'],
    ['http://localhost:5000', 'localhost:5000'],
    ['https://hub.example/v2/', 'hub.example'],
    ['', 'fallback.example'],
  ] as const) {
    assert.equal(registryHost(address, 'fallback.example'), host, address);
  }
});
