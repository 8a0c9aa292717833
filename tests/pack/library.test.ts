import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCommand } from '../lab/command.ts';
import { openEngineHouse } from '../lab/engine-house.ts';
import { startHub } from '../lab/hub.ts';
import { openPeers } from '../lab/peers.ts';
import { packPackages } from './build-packages.ts';

const SCRIPT = `import { openEngine } from '@berth/engine';
await using engine = await openEngine({ dataRoot: process.argv[2], storageDriver: 'overlay2' });
await engine.images.pull('localhost:5000/library/hello');
const { Id } = await engine.containers.create({ Image: 'localhost:5000/library/hello' });
await engine.containers.start(Id);
const { StatusCode } = await engine.containers.wait(Id);
const { output } = await engine.containers.logs(Id, { stdout: true, stderr: true });
for await (const { bytes } of output) process.stdout.write(bytes);
await engine.containers.remove(Id);
console.log(StatusCode, (await engine.containers.list({ all: true })).length, engine.about.storageDriver);
`;

test('npm pack: the engine as a library, installed elsewhere, pulls, runs and removes a container', async (t) => {
  const lab = await openPeers(t);
  if (lab === undefined) return;
  const folder = await mkdtemp(join(tmpdir(), 'berth-pack-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const tarballs = await packPackages({ rooms: ['engine'], folder });
  t.diagnostic(`${tarballs.size} packages: ${[...tarballs.keys()].join(' ')}`);

  const project = join(folder, 'project');
  await mkdir(project);
  await writeFile(join(project, 'package.json'), '{ "name": "empty", "private": true, "type": "module" }\n');
  const install = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
  const installed = await runCommand(['npm', ...install, ...tarballs.values()], { cwd: project });
  assert.equal(installed.code, 0, installed.stderr);
  await writeFile(join(project, 'ten-lines.js'), SCRIPT);

  await using house = await openEngineHouse(lab);
  await using hub = await startHub({ netns: house.netns });
  assert.match(hub.report.localUrl, /:5000$/);
  const command = house.command(process.execPath, ['ten-lines.js', join(folder, 'data')], { cwd: project });
  const ran = await runCommand(command, {});
  assert.equal(ran.code, 0, ran.stdout + ran.stderr);
  assert.match(ran.stdout, /Hello from your Berth/);
  assert.match(ran.stdout, /^0 0 overlay2$/m);
});
