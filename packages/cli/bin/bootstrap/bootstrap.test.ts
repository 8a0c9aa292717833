import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const BIN = fileURLToPath(new URL('../', import.meta.url));
const isRoot = process.getuid?.() === 0;

/** Stands where npm would be called; what it does is in the test's hands, what it is asked for is written down. */
const NPM = `
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
appendFileSync('asked', process.argv.slice(2).join(' ') + '\\n');
if (process.env.NPM_SAYS) { console.error(process.env.NPM_SAYS); process.exit(1); }
await setTimeout(300);
mkdirSync('node_modules', { recursive: true });
writeFileSync('node_modules/.package-lock.json', JSON.stringify({ packages: { 'node_modules/a': { version: '1', integrity: 'x' } } }));
`;

describe('node24.mjs', () => {
  let clone: string;
  let env: NodeJS.ProcessEnv;

  beforeEach(async () => {
    clone = await mkdtemp(join(tmpdir(), 'berth-clone-'));
    await cp(BIN, join(clone, 'packages/cli/bin'), { recursive: true });
    const lock = {
      packages: {
        'node_modules/a': { version: '1', integrity: 'x' },
        'node_modules/b': { version: '2', dev: true },
      },
    };
    await writeFile(join(clone, 'package-lock.json'), JSON.stringify(lock));
    await writeFile(join(clone, 'npm.js'), NPM);
    await writeFile(join(clone, 'package.json'), '{"type":"module"}');
    await writeFile(
      join(clone, 'script.ts'),
      'const a: string[] = process.argv.slice(2); console.log(a.join()); process.exitCode = 7;',
    );
    const { PATH } = process.env;
    env = { PATH, npm_execpath: join(clone, 'npm.js'), BERTH_CACHE: join(clone, 'cache') };
  });
  afterEach(() => rm(clone, { recursive: true, force: true }));

  it('brings the dependencies once, then runs the script with its arguments and exit code', async () => {
    const first = await start(['script.ts', 'a', 'b']);
    assert.deepEqual([first.code, first.stdout], [7, 'a,b\n']);
    assert.match(first.stderr, /^Installing dependencies .*\nDependencies installed \(\d+\.\d s\)\n$/);
    const second = await start(['script.ts']);
    assert.deepEqual([second.code, second.stderr], [7, '']);
    assert.equal(await asked(), 'ci --ignore-scripts --no-audit --no-fund --omit=dev\n');
    assert.deepEqual(
      (await readdir(clone)).filter((name) => name.startsWith('node_modules.lock')),
      [],
    );
  });

  it('brings what tests need for --dev, and brings again what the lock file no longer fits', async () => {
    await start(['script.ts']);
    await start(['--dev', 'script.ts']);
    assert.match(await asked(), /--omit=dev\nci [^\n]*--no-fund\n$/);
    const lock = { packages: { 'node_modules/a': { version: '1', integrity: 'changed' } } };
    await writeFile(join(clone, 'package-lock.json'), JSON.stringify(lock));
    await start(['script.ts']);
    assert.equal((await asked()).split('\n').length, 4);
  });

  it('lets one of two bring them while the other waits', async () => {
    const both = await Promise.all([start(['script.ts']), start(['script.ts'])]);
    assert.deepEqual(
      both.map(({ code }) => code),
      [7, 7],
    );
    assert.equal((await asked()).split('\n').length, 2);
    assert.equal(
      both.filter(({ stderr }) => /is installing the dependencies; waiting/.test(stderr)).length,
      1,
    );
  });

  it('takes the place of one that was killed in the middle', async () => {
    const child = spawn(process.execPath, [join(clone, 'packages/cli/bin/node24.mjs'), 'script.ts'], {
      cwd: clone,
      env,
    });
    await once(child.stderr, 'data');
    child.kill('SIGKILL');
    await once(child, 'close');
    assert.deepEqual(
      (await readdir(clone)).filter((name) => name === 'node_modules.lock'),
      ['node_modules.lock'],
    );
    const { code } = await start(['script.ts']);
    assert.equal(code, 7);
    assert.deepEqual(
      (await readdir(clone)).filter((name) => name.startsWith('node_modules.lock')),
      [],
    );
  });

  it('says in one line that the package registry does not answer', async () => {
    const { code, stderr } = await start(['script.ts'], {
      NPM_SAYS: 'npm error code ENOTFOUND\nnpm error network request failed',
    });
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^Installing .*\nberth: Cannot install the dependencies: the package registry does not answer\n {7}Check the network.*\n$/,
    );
  });

  it('shows what npm said of anything else', async () => {
    const { code, stderr } = await start(['script.ts'], {
      NPM_SAYS: 'npm error code EUSAGE\nnpm warn nothing',
    });
    assert.equal(code, 1);
    assert.match(
      stderr,
      /npm error code EUSAGE\nberth: Cannot install the dependencies: npm ended with code 1\n/,
    );
  });

  it('says in one line that the clone cannot be written', {
    skip: isRoot ? 'root may write everywhere' : false,
  }, async () => {
    await chmod(clone, 0o555);
    const { code, stderr } = await start(['script.ts']);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^berth: Cannot install the dependencies: folder ".*" cannot be written by this user\n/,
    );
    await chmod(clone, 0o755);
  });

  it('speaks Chinese where the user does', async () => {
    const { stderr } = await start(['script.ts'], { LANG: 'zh_CN.UTF-8' });
    assert.match(stderr, /^正在安装依赖/);
  });

  it('works through a link to berth.mjs', async () => {
    await mkdir(join(clone, 'elsewhere'));
    await symlink(join(BIN, 'berth.mjs'), join(clone, 'elsewhere/berth'));
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [join(clone, 'elsewhere/berth'), '--version'],
      { env },
    );
    const { version } = JSON.parse(await readFile(join(BIN, '../package.json'), 'utf8'));
    assert.equal(stdout, `${version}\n`);
  });

  async function start(args: readonly string[], more: NodeJS.ProcessEnv = {}) {
    try {
      const bin = join(clone, 'packages/cli/bin/node24.mjs');
      const result = await promisify(execFile)(process.execPath, [bin, ...args], {
        cwd: clone,
        env: { ...env, ...more },
      });
      return { ...result, code: 0 };
    } catch (error) {
      return error as { stdout: string; stderr: string; code: number };
    }
  }

  function asked(): Promise<string> {
    return readFile(join(clone, 'asked'), 'utf8');
  }
});
