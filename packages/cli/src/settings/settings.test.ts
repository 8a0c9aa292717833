import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { nearest } from './nearest.ts';
import { SETTINGS } from './schema.ts';
import { effectiveSettings } from './settings.ts';
import { findSettingsFile } from './settings-file.ts';
import { settingsEnvironment } from './to-environment.ts';

const nothing = { flags: {}, env: {}, file: undefined };

describe('effectiveSettings()', () => {
  it('takes flags before environment before file before defaults, and says which it was', () => {
    const file = {
      path: '/etc/berth/config.json',
      values: { hubAddr: '127.0.0.1:1', signUp: 'closed', tls: 'auto' },
    };
    const env = { BERTH_HUB_ADDR: '127.0.0.1:2', BERTH_SIGN_UP: 'open' };
    const { values, origins } = effectiveSettings({ flags: { hubAddr: '127.0.0.1:3' }, env, file });
    assert.equal(values.hubAddr, '127.0.0.1:3');
    assert.equal(values.signUp, 'open');
    assert.equal(values.tls, 'auto');
    assert.equal(values.defaultPrivacy, 'public');
    assert.deepEqual(
      [origins.hubAddr, origins.signUp, origins.tls, origins.defaultPrivacy],
      ['--hub-addr', 'BERTH_SIGN_UP', '/etc/berth/config.json', 'default'],
    );
  });

  it('reads lists and yes or no from text, and as they are from a file', () => {
    const text = effectiveSettings({
      ...nothing,
      env: { BERTH_TRUSTED_PROXIES: '10.0.0.0/8, ::1,', BERTH_INSECURE_HTTP: 'Yes' },
    });
    const file = effectiveSettings({
      ...nothing,
      file: { path: '/f', values: { trustedProxies: ['10.0.0.0/8', '::1'], insecureHttp: true } },
    });
    for (const { values } of [text, file]) {
      assert.deepEqual(values.trustedProxies, ['10.0.0.0/8', '::1']);
      assert.equal(values.insecureHttp, true);
    }
  });

  it('takes an empty variable for an unset one', () => {
    assert.equal(
      effectiveSettings({ ...nothing, env: { BERTH_HUB_ADDR: '' } }).values.hubAddr,
      '127.0.0.1:5000',
    );
  });

  it('names value, setting, what was expected and where to change it', () => {
    const wrong: [Record<string, string>, RegExp][] = [
      [{ BERTH_HUB_ADDR: 'x' }, /Cannot use "x" as hubAddr: expected host:port/],
      [{ BERTH_INSECURE_HTTP: 'maybe' }, /Cannot use "maybe" as insecureHttp: expected yes or no/],
      [{ BERTH_SIGN_UP: 'ajar' }, /expected open or closed/],
      [{ BERTH_DATA_ROOT: 'relative' }, /expected an absolute path/],
      ...['hub.example/path', 'http://[', 'https://hub.example:99999', 'https://user:word@hub.example'].map(
        (url): [Record<string, string>, RegExp] => [{ BERTH_HUB_URL: url }, /expected http\(s\):\/\/host/],
      ),
    ];
    for (const [env, message] of wrong) {
      const [name = ''] = Object.keys(env);
      assert.throws(() => effectiveSettings({ ...nothing, env }), {
        code: 'SETTING_INVALID',
        message,
        hint: `Change it in ${name}`,
      });
    }
  });

  it('refuses keys of a file that do not exist and names the nearest', () => {
    const file = { path: '/f', values: { hubAdr: '127.0.0.1:1' } };
    assert.throws(() => effectiveSettings({ ...nothing, file }), {
      code: 'SETTING_UNKNOWN',
      hint: 'Did you mean "hubAddr"?',
    });
  });

  it('warns of a variable that looks like a setting, and not of others', () => {
    const env = { BERTH_HUB_ADDRES: 'x', BERTH_SOAK: '1', OTHER: 'y' };
    assert.deepEqual(effectiveSettings({ ...nothing, env }).warnings, [
      'BERTH_HUB_ADDRES is not a setting; did you mean BERTH_HUB_ADDR?',
    ]);
  });

  it('never shows a secret', () => {
    const file = { path: '/f', values: { adminPassword: '' } };
    assert.throws(
      () => effectiveSettings({ ...nothing, file }),
      (error: Error) => !error.message.includes('""') && error.message.includes('***'),
    );
  });
});

describe('settingsEnvironment()', () => {
  it('gives another process the same settings', () => {
    const flags = { hubAddr: '127.0.0.1:7', insecureHttp: 'yes', trustedProxies: '10.0.0.1,::1' };
    const settings = effectiveSettings({ ...nothing, flags });
    const again = effectiveSettings({ ...nothing, env: settingsEnvironment(settings, { PATH: '/bin' }) });
    assert.deepEqual(again.values, settings.values);
  });
});

describe('findSettingsFile()', () => {
  it('takes the named file, else the one of the user, and none of the folder it runs in', async () => {
    const root = await mkdtemp(join(tmpdir(), 'berth-settings-'));
    try {
      const env = { XDG_CONFIG_HOME: join(root, 'config') };
      await mkdir(join(root, 'config/berth'), { recursive: true });
      await writeFile(join(root, 'config/berth/config.json'), '{"tls":"auto"}');
      assert.equal(
        (await findSettingsFile({ env, cwd: root }))?.path,
        join(root, 'config/berth/config.json'),
      );
      await writeFile(join(root, 'berth.json'), '{"tls":"off"}');
      assert.deepEqual((await findSettingsFile({ env, cwd: root }))?.values, { tls: 'auto' });
      assert.equal(
        (await findSettingsFile({ env, cwd: root, path: 'berth.json' }))?.path,
        join(root, 'berth.json'),
      );
      await assert.rejects(findSettingsFile({ env, cwd: root, path: root }), {
        code: 'SETTINGS_FILE_INVALID',
        message: `Cannot read settings file "${root}": it is a folder`,
      });
      await assert.rejects(findSettingsFile({ env, cwd: root, path: 'no.json' }), {
        code: 'SETTINGS_FILE_INVALID',
      });
      for (const text of ['[]', '{', 'null']) {
        await writeFile(join(root, 'berth.json'), text);
        await assert.rejects(findSettingsFile({ env, cwd: root, path: 'berth.json' }), {
          code: 'SETTINGS_FILE_INVALID',
          message: /not a JSON object/,
        });
      }
    } finally {
      await rm(root, { recursive: true });
    }
  });
});

describe('SETTINGS', () => {
  it('has a flag, a variable, a description and an expectation for each', () => {
    for (const setting of SETTINGS) {
      assert.match(setting.env, /^BERTH_[A-Z_]+$/);
      assert.match(setting.flag, /^--[a-z-]+$/);
      assert.ok(setting.description !== '' && setting.expected !== '', setting.key);
    }
  });
});

describe('nearest()', () => {
  it('finds slips of the hand and leaves other words alone', () => {
    assert.equal(nearest('hubadress', ['hubAddr', 'tls']), undefined);
    assert.equal(nearest('hubAdr', ['hubAddr', 'tls']), 'hubAddr');
    assert.equal(nearest('completely', ['hubAddr', 'tls']), undefined);
  });
});
