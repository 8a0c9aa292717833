import assert from 'node:assert/strict';
import { test } from 'node:test';
import { effectiveSettings } from '../settings/settings.ts';
import { hubRegistry, registryName } from './access.ts';

test('registryName() takes servers as people write them', () => {
  const names = {
    'localhost:5000': 'localhost:5000',
    'https://hub.example.org/': 'hub.example.org',
    'http://localhost:5000/v2/': 'localhost:5000',
    'https://index.docker.io/v1/': 'docker.io',
    'hub.docker.com': 'docker.io',
    '[::1]:5000': '[::1]:5000',
  };
  for (const [given, expected] of Object.entries(names)) assert.equal(registryName(given), expected);
  for (const bad of ['', 'a b', 'host/path', 'ftp://host', 'user@host', '..', 'host:99999', '[1.2]']) {
    assert.throws(() => registryName(bad), { code: 'USAGE' }, bad);
  }
});

test('hubRegistry() is the name that the first run prints', () => {
  const name = (env: Record<string, string>) =>
    hubRegistry(effectiveSettings({ flags: {}, env, file: undefined }));
  assert.equal(name({}), 'localhost:5000');
  assert.equal(name({ BERTH_HUB_ADDR: '0.0.0.0:8080' }), 'localhost:8080');
  assert.equal(name({ BERTH_HUB_ADDR: '192.0.2.7:8080' }), '192.0.2.7:8080');
  assert.equal(name({ BERTH_HUB_URL: 'https://hub.example.org' }), 'hub.example.org');
});
