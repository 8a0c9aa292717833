import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { mustRun } from '../lab/command.ts';
import { debianImage } from '../lab/debian-image.ts';
import { needEngine, type TestEngine } from '../lab/engine.ts';
import { startHub } from '../lab/hub.ts';
import { watchForLeaks } from '../lab/leaks.ts';
import { callApi } from './api-client.ts';

const NAME = 'localhost:5000/admin/debian';
const FIRST = `${NAME}:12`;
const CHANGED = `${NAME}:changed`;
/** One thing of each kind: a new file, a changed one, a removed one. */
const CHANGE = 'echo made here > /made-here && echo changed > /etc/issue && rm /etc/debian_version';

test('a Debian image: imported, pushed, removed, run again by name, changed, committed, pushed, seen by podman', async (t) => {
  const assertNoLeaks = await watchForLeaks();
  const engine = await needEngine(t);
  if (engine === undefined) return;
  t.after(assertNoLeaks);
  const { lab } = engine;
  const debian = await debianImage(lab);
  await using hub = await startHub({ netns: engine.netns });
  await engine.must(['login', '--username', hub.username, '--password-stdin', 'localhost:5000'], {
    input: hub.password,
  });

  await t.test('imported, tagged, pushed', async () => {
    const id = await engine.must(['import', '--change', 'CMD ["/bin/bash"]', debian.tar, 'debian:12']);
    assert.match(id, /^sha256:[0-9a-f]{64}\n$/);
    await engine.must(['tag', 'debian:12', FIRST]);
    assert.match(await engine.must(['push', FIRST]), /^12: digest: sha256:[0-9a-f]{64} size: \d+$/m);
    assert.deepEqual(await diffIds(engine, FIRST), [await digestOfFile(debian.tar)]);
  });

  await t.test('removed, and run again by its name', async () => {
    await engine.must(['rmi', FIRST, 'debian:12']);
    assert.equal(await engine.must(['images', '--all', '--quiet']), '');
    const ran = await engine.docker(['run', '--name', 'work', FIRST, 'bash', '-c', CHANGE]);
    assert.equal(ran.code, 0, ran.stderr);
    assert.match(ran.stderr, /Unable to find image 'localhost:5000\/admin\/debian:12' locally/);
    assert.match(ran.stderr, /Status: Downloaded newer image for localhost:5000\/admin\/debian:12/);
    assert.deepEqual(await diffIds(engine, FIRST), [await digestOfFile(debian.tar)]);
  });

  await t.test('what was changed is told, committed and pushed', async () => {
    assert.deepEqual((await engine.must(['diff', 'work'])).trim().split('\n').sort(), [
      'A /made-here',
      'C /etc',
      'C /etc/issue',
      'D /etc/debian_version',
    ]);
    await engine.must(['commit', '--message', 'a change', 'work', CHANGED]);
    const [base] = await diffIds(engine, FIRST);
    const layers = await diffIds(engine, CHANGED);
    assert.equal(layers.length, 2);
    assert.equal(layers[0], base, 'the layer of the old image is a layer of the new one');
    const pushed = await engine.must(['push', CHANGED]);
    assert.match(pushed, /: Layer already exists$/m, 'the layer below is sent once');
    assert.match(await engine.must(['history', CHANGED]), /a change/);
  });

  await t.test('podman pulls it from the Hub and sees the change', async () => {
    const where = { netns: engine.netns.pid };
    const sign = ['--tls-verify=false', '--username', hub.username, '--password-stdin', 'localhost:5000'];
    await lab.must('podman', ['login', ...sign], { ...where, input: hub.password });
    await lab.must('podman', ['pull', '--quiet', '--tls-verify=false', CHANGED], where);
    await lab.must('podman', ['create', '--name', 'seen', CHANGED], where);
    const archive = join(engine.folder, 'seen.tar');
    await lab.must('podman', ['export', '--output', archive, 'seen'], where);
    const { stdout: made } = await mustRun(['tar', '--extract', '--to-stdout', '-f', archive, 'made-here']);
    assert.equal(made, 'made here\n');
    const { stdout: issue } = await mustRun(['tar', '--extract', '--to-stdout', '-f', archive, 'etc/issue']);
    assert.equal(issue, 'changed\n');
    const { stdout: names } = await mustRun(['tar', '--list', '-f', archive]);
    const lines = names.split('\n');
    assert.ok(!lines.includes('etc/debian_version'), 'what was removed is there');
    assert.ok(lines.includes('etc/os-release'));
    const [shown] = JSON.parse(await lab.must('podman', ['image', 'inspect', CHANGED], where)) as [
      { readonly RootFS: { readonly Layers: readonly string[] } },
    ];
    assert.deepEqual(shown.RootFS.Layers, await diffIds(engine, CHANGED));
  });

  await t.test('a second container of the old image sees nothing of it', async () => {
    const look = 'cat /etc/debian_version; grep -c changed /etc/issue; test ! -e /made-here && echo clean';
    const shown = await engine.docker(['run', '--rm', FIRST, 'bash', '-c', look]);
    assert.match(shown.stdout, /^12\.\d+\n0\nclean\n$/);
    const other = await engine.docker(['run', '--rm', CHANGED, 'bash', '-c', 'cat /made-here /etc/issue']);
    assert.equal(other.stdout, 'made here\nchanged\n');
  });

  await t.test('the diffIDs are the digests of what is saved, before and after a pull', async () => {
    await assertLayersVerify(engine, [FIRST, CHANGED]);
    const before = await diffIds(engine, CHANGED);
    await engine.must(['rm', 'work']);
    await engine.must(['rmi', FIRST, CHANGED]);
    await engine.must(['pull', '--quiet', CHANGED]);
    assert.deepEqual(await diffIds(engine, CHANGED), before);
    await assertLayersVerify(engine, [CHANGED]);
    await engine.must(['rmi', CHANGED]);
    assert.equal(await engine.must(['images', '--all', '--quiet']), '');
  });

  const checked = await callApi(engine.socketPath, { path: '/berth/check?deep=true' });
  assert.deepEqual(checked.json(), []);
  assert.equal((await hub.check()).code, 0);
});

async function diffIds(engine: TestEngine, image: string): Promise<readonly string[]> {
  return JSON.parse(
    await engine.must(['image', 'inspect', '--format', '{{json .RootFS.Layers}}', image]),
  ) as readonly string[];
}

/** Saves them, and hashes every layer of the archive. */
async function assertLayersVerify(engine: TestEngine, images: readonly string[]): Promise<void> {
  const folder = join(engine.folder, `saved-${images.length}`);
  await mkdir(folder);
  await engine.must(['save', '--output', join(folder, 'saved.tar'), ...images]);
  await mustRun(['tar', '--extract', '-C', folder, '-f', join(folder, 'saved.tar')]);
  const saved = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as readonly {
    readonly RepoTags: readonly string[];
    readonly Layers: readonly string[];
  }[];
  assert.equal(saved.length, images.length);
  for (const image of images) {
    const entry = saved.find(({ RepoTags }) => RepoTags.includes(image));
    assert.ok(entry !== undefined, `${image} was not saved`);
    const digests: string[] = [];
    for (const layer of entry.Layers) digests.push(await digestOfFile(join(folder, layer)));
    assert.deepEqual(digests, await diffIds(engine, image));
  }
}

async function digestOfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 }))
    hash.update(chunk as Buffer);
  return `sha256:${hash.digest('hex')}`;
}
