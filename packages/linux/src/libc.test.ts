import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { getXattr } from './index.ts';
import { libc } from './libc.ts';
import { scratchFolder } from './scratch.fixture.ts';

const INDEX = JSON.stringify(new URL('./index.ts', import.meta.url).href);

async function inChild(script: string): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  return JSON.parse(stdout);
}

test('importing this package loads no binary; the first call does', async () => {
  const script = `
    import { readFileSync } from 'node:fs';
    const linux = await import(${INDEX});
    const isLoaded = () => readFileSync('/proc/self/maps', 'utf8').includes('koffi');
    const before = isLoaded();
    linux.becomeSubreaper();
    console.log(JSON.stringify([before, isLoaded()]));`;
  assert.deepEqual(await inChild(script), [false, true]);
});

test('without koffi there is one clear error at the first call, and what needs none works', async () => {
  const script = `
    import { registerHooks } from 'node:module';
    registerHooks({
      resolve(specifier, context, next) {
        if (specifier === 'koffi') throw Object.assign(new Error('not there'), { code: 'MODULE_NOT_FOUND' });
        return next(specifier, context);
      },
    });
    const linux = await import(${INDEX});
    const release = linux.kernelRelease().major > 0;
    try {
      linux.becomeSubreaper();
    } catch ({ code, hint }) {
      console.log(JSON.stringify([release, code, hint.includes('npm ci')]));
    }`;
  assert.deepEqual(await inChild(script), [true, 'FFI_UNAVAILABLE', true]);
});

test('errno is that of the call, whatever else goes on', () => {
  for (let n = 0; n < 20_000; n++) {
    const garbage = Array.from({ length: 50 }, () => ({ n }));
    const path = n % 2 === 0 ? '/nowhere' : '/proc/version/below';
    assert.throws(() => getXattr(path, 'user.a'), { code: n % 2 === 0 ? 'ENOENT' : 'ENOTDIR' });
    assert.equal(garbage.length, 50);
  }
});

test('numbers beyond 2^32 come through whole', (t) => {
  const fd = openSync(join(scratchFolder(t), 'file'), 'w');
  t.after(() => closeSync(fd));
  const at = 5 * 2 ** 40;
  assert.equal(libc().lseek(fd, at, 0), at);
});
