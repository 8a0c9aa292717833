import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openBrowser } from '../lab/browser.ts';
import { mustRun, runCommand } from '../lab/command.ts';
import { startDockerd } from '../lab/dockerd.ts';
import { openPeers } from '../lab/peers.ts';
import { exists, freePort, isListening } from '../lab/ready.ts';
import { openWindow } from '../pages/visitor.ts';
import { cloneTo } from './clone.ts';
import { makeFirstAccount, readFirstRun } from './first-run.ts';
import { newcomerEnvironment, npmStart } from './npm-start.ts';

const TOP = join(import.meta.dirname, '..', '..');
const ACCOUNT = { username: 'alice', password: 'a long password' };
const TYPED = `${ACCOUNT.username}\n${ACCOUNT.password}\n`;
const isRoot = process.getuid?.() === 0;

test('npm start in a fresh clone below a closed folder: all that it prints works, Ctrl-C ends it', async (t) => {
  const { folder, env, port } = await newcomer(t);
  const clone = join(folder, 'berth');
  await cloneTo(clone);
  assert.equal((await mustRun(['stat', '-c', '%a', folder])).stdout, '700\n');
  await using first = await npmStart({ cwd: clone, env });
  const run = readFirstRun(first.output());
  t.diagnostic(
    `ready after ${first.seconds.toFixed(1)} s, of them ${run.downloadSeconds} s for bringing packages`,
  );
  assert.equal((await fetch(`${run.url}/v2/`)).status, 401);
  assert.equal((await fetch(`${run.url}/`)).status, 200);
  if (isRoot) assert.deepEqual(await uidsOf(env.BERTH_DATA_ROOT), ['61947', '61947', '61947', '61947']);

  await makeFirstAccount(run, ACCOUNT);
  assert.ok(run.pasteLines.length >= 4, first.output());
  for (const line of run.pasteLines) await paste(line, { cwd: clone, env });
  if (await exists(join(clone, '.git'))) {
    const git = await mustRun(['git', '-c', 'safe.directory=*', '-C', clone, 'status', '--porcelain']);
    assert.equal(git.stdout, '', 'pasting the lines leaves the clone clean');
  }

  const again = await runCommand(['npm', 'start'], { cwd: clone, env });
  assert.equal(again.code, 0);
  assert.match(again.stdout, new RegExp(`^Berth is already running: ${run.url} `, 'm'));

  // The signal ends npm too.
  assert.ok([0, 130, 'SIGINT'].includes(await first.interrupt()), first.output());
  assert.match(first.output(), /^Stopped$/m);
  assert.equal(await isListening(port), false);

  await using second = await npmStart({ cwd: clone, env });
  t.diagnostic(`ready after ${second.seconds.toFixed(2)} s the second time`);
  assert.equal(readFirstRun(second.output()).setupLink, undefined);
});

test('the lines that npm start prints for docker, podman and skopeo work', async (t) => {
  const lab = await openPeers(t);
  if (lab === undefined) return;
  const { folder, env } = await newcomer(t);
  await startDockerd(lab);
  const [dockerFolder] = (await readdir(join(lab.state, 'run'))).filter((name) => name.startsWith('docker-'));
  const bin = join(folder, 'bin');
  await mkdir(bin);
  for (const client of ['docker', 'podman', 'skopeo']) {
    // Programs of the lab, where a person has them on PATH.
    const command = lab.command(`/usr/bin/${client}`, []).map(quoted).join(' ');
    await writeFile(join(bin, client), `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 });
  }
  const withClients = {
    ...env,
    PATH: `${bin}:${process.env.PATH}`,
    DOCKER_HOST: `unix:///run/${dockerFolder}/docker.sock`,
  };
  await using start = await npmStart({ cwd: TOP, env: withClients });
  const lines = readFirstRun(start.output()).pasteLines.filter((line) => !line.startsWith('npx berth '));
  assert.deepEqual(
    lines.map((line) => line.split(' ')[0]),
    ['docker', 'podman', 'skopeo'],
  );
  for (const line of lines) await paste(line, { cwd: folder, env: withClients });
});

test('a pushed image is on the page after five commands', async (t) => {
  const opened = await openBrowser(t);
  if (opened === undefined) return;
  const { env, clone } = { ...(await newcomer(t)), clone: TOP };
  const readme = await readFile(join(clone, 'README.md'), 'utf8');
  assert.match(readme, /^npm start /m);
  const commands = ['git clone <this repository>', 'cd berth', 'npm start'];
  await using start = await npmStart({ cwd: clone, env });
  const run = readFirstRun(start.output());

  const { page, look, assertNoComplaints } = await openWindow(t, opened);
  await page.goto(run.setupLink?.href ?? '');
  await page.getByLabel('User name').fill(ACCOUNT.username);
  await page.getByLabel('Password').fill(ACCOUNT.password);
  await page.getByRole('button', { name: 'Create the administrator' }).click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();

  const name = /copy \S+ \S+\/(library\/\S+)$/;
  for (const line of run.pasteLines.filter((one) => / login /.test(one) || name.test(one))) {
    await paste(line, { cwd: clone, env });
    commands.push(line);
  }
  const pushed =
    name.exec(commands.at(-1) ?? '')?.[1] ?? assert.fail(`Nothing was pushed:\n${start.output()}`);
  await page.reload();
  await page.getByRole('link', { name: pushed }).click();
  await page.getByRole('rowheader', { name: 'latest' }).waitFor();
  await look('newcomer-pushed-image');
  const listed = await fetch(`${run.url}/api/repositories`);
  const { results } = (await listed.json()) as { results: { namespace: string; name: string }[] };
  assert.ok(results.some((one) => `${one.namespace}/${one.name}` === pushed));
  t.diagnostic(`${commands.length} commands: ${commands.join(' · ')}`);
  assert.ok(commands.length <= 6);
  assertNoComplaints();
});

/** A closed folder, a data folder and a port of one's own; all is gone at the end. */
async function newcomer(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'berth-newcomer-'));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  // podman wants the file that the variable promises.
  await mkdir(join(folder, 'docker'));
  await writeFile(join(folder, 'docker/config.json'), '{}');
  const data = await mkdtemp(join(tmpdir(), 'berth-newcomer-data-'));
  t.after(() => rm(data, { recursive: true, force: true, maxRetries: 5 }));
  await chmod(data, 0o711);
  const port = await freePort();
  const env = {
    ...newcomerEnvironment(folder),
    BERTH_DATA_ROOT: join(data, 'berth'),
    BERTH_HUB_ADDR: `127.0.0.1:${port}`,
    // The engine has a first run of its own, in a house where it may install what it needs.
    BERTH_ENGINE: 'off',
  };
  return { folder, env, port };
}

/** Pastes a line into a shell; what it asks for is typed. */
async function paste(
  line: string,
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<void> {
  const { code, stdout, stderr } = await runCommand(['sh', '-c', line], { ...options, input: TYPED });
  assert.equal(code, 0, `${line}\n${stdout}${stderr}`);
}

/** Real, effective, saved and file system user id of the Hub that works in a data root. */
async function uidsOf(dataRoot: string): Promise<string[]> {
  const { pid } = JSON.parse(await readFile(join(dataRoot, 'hub/running.json'), 'utf8')) as { pid: number };
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return /^Uid:\t(.+)$/m.exec(status)?.[1]?.split('\t') ?? [];
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
