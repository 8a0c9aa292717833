import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { arch, platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { type HelloArchitecture, helloProgram } from './elf.ts';
import { helloImage } from './hello-image.ts';

const HERE: HelloArchitecture | undefined =
  platform() !== 'linux' ? undefined : arch() === 'x64' ? 'amd64' : arch() === 'arm64' ? 'arm64' : undefined;

describe('helloProgram()', () => {
  it('runs on this machine, writes its text and ends well', {
    skip: HERE === undefined ? 'no program for this machine' : false,
  }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'berth-hello-'));
    try {
      const path = join(folder, 'hello');
      await writeFile(path, helloProgram(HERE ?? 'amd64', 'Hello\n你好\n'), { mode: 0o755 });
      const { stdout, stderr } = await promisify(execFile)(path);
      assert.equal(stdout, 'Hello\n你好\n');
      assert.equal(stderr, '');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('is small, and says for which machine it is', () => {
    assert.equal(Buffer.from(helloProgram('amd64', 'x')).readUInt16LE(18), 62);
    assert.equal(Buffer.from(helloProgram('arm64', 'x')).readUInt16LE(18), 183);
    assert.ok(helloProgram('arm64', 'x').length < 1024);
  });
});

describe('helloImage()', () => {
  it('is one index of two platforms, the same each time', async () => {
    await using first = await helloImage();
    await using second = await helloImage();
    const index = await first.resolve('latest');
    assert.deepEqual(await second.resolve('latest'), index);
    const { bytes } = await first.manifest(index);
    const { manifests } = JSON.parse(Buffer.from(bytes).toString());
    assert.deepEqual(
      manifests.map(({ platform }: { platform: { architecture: string } }) => platform.architecture),
      ['amd64', 'arm64'],
    );
  });
});
