import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { run } from './run.ts';

describe('run()', () => {
  it('answers help and version with 0', async () => {
    assert.deepEqual(
      [(await berth([])).code, (await berth(['--help'])).code, (await berth(['--version'])).code],
      [0, 0, 0],
    );
    assert.match((await berth(['--version'])).stdout, /^\d+\.\d+\.\d+/);
  });

  it('answers a wrong command line with 2, one line and the nearest word', async () => {
    const cases: [string[], RegExp][] = [
      [['confg'], /^berth: Unknown command 'confg'\n {7}Did you mean config\?\n$/],
      [['config', '--hub-adr', 'x'], /^berth: Unknown option '--hub-adr'\n {7}Did you mean --hub-addr\?\n$/],
      [['tags'], /^berth: Missing required argument/],
      [['config', '--format', 'yaml'], /^berth: .*yaml/],
    ];
    for (const [args, expected] of cases) {
      const { code, stderr } = await berth(args);
      assert.equal(code, 2, args.join(' '));
      assert.match(stderr, expected);
    }
  });

  it('answers a failure with 1, one line and what to do next', async () => {
    const { code, stdout, stderr } = await berth(['config'], { BERTH_HUB_ADDR: 'x' });
    assert.equal(code, 1);
    assert.equal(stdout, '');
    assert.match(stderr, /^berth: Cannot use "x" as hubAddr: .*\n {7}Change it in BERTH_HUB_ADDR\n$/);
  });

  it('prints errors as JSON where that was asked for', async () => {
    const { stderr } = await berth(['config', '--format', 'json'], { BERTH_HUB_ADDR: 'x' });
    assert.equal(JSON.parse(stderr).error.code, 'SETTING_INVALID');
  });

  it('prints settings with where they came from, and no secret', async () => {
    const env = { BERTH_ADMIN_PASSWORD: 'hunter22', BERTH_TLS: 'auto' };
    const { stdout } = await berth(['config', '--format', 'json'], env);
    const { settings } = JSON.parse(stdout);
    assert.deepEqual(settings.tls, { value: 'auto', origin: 'BERTH_TLS', env: 'BERTH_TLS' });
    assert.equal(settings.adminPassword.value, '***');
    assert.doesNotMatch((await berth(['config'], env)).stdout, /hunter22/);
  });

  it('ends with 130 when it is stopped while it waits for a password', async () => {
    const stdin = new PassThrough() as unknown as NodeJS.ReadStream;
    const args = ['login', '127.0.0.1:1', '--username', 'alice', '--password-stdin'];
    const { code, stderr } = await berth(args, {}, { stdin, signal: AbortSignal.timeout(50) });
    assert.deepEqual([code, stderr], [130, '']);
  });

  it('checks nothing where no Hub ever ran', async () => {
    const { code, stderr } = await berth(['check'], { BERTH_DATA_ROOT: '/nonexistent/berth' });
    assert.equal(code, 1);
    assert.match(stderr, /no Hub was ever started there/);
  });
});

async function berth(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  more: { readonly stdin?: NodeJS.ReadStream; readonly signal?: AbortSignal } = {},
) {
  let stdout = '';
  let stderr = '';
  const stream = (add: (text: string) => void) =>
    ({ write: add, columns: 80 }) as unknown as NodeJS.WriteStream;
  const code = await run(args, {
    env: { HOME: tmpdir(), ...env },
    cwd: tmpdir(),
    entry: 'berth',
    stdin: process.stdin,
    stdout: stream((text) => {
      stdout += text;
    }),
    stderr: stream((text) => {
      stderr += text;
    }),
    signal: new AbortController().signal,
    ...more,
  });
  return { code, stdout, stderr };
}
