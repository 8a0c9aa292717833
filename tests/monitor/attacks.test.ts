/** The runtime's part of the list of attacks: hostile images and programs, with a sentinel on the machine. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { hasCode } from '@berth/errors';
import { readMounts } from '@berth/linux';
import type { Monitor, MonitoredContainer } from '@berth/monitor';
import type { ContainerSpec } from '@berth/runtime';
import { openContainers } from '../lab/containers.ts';
import { watchForLeaks } from '../lab/leaks.ts';

/** What it wrote; `undefined` when the runtime refused it. */
async function outputOf(monitor: Monitor, container: MonitoredContainer): Promise<string | undefined> {
  const streams = await monitor.attach(container.id, { stdin: false, stdout: true, stderr: true });
  try {
    await monitor.create(container);
    await monitor.start(container.id);
  } catch (error) {
    if (!hasCode(error)) throw error;
    await streams[Symbol.asyncDispose]();
    return undefined;
  }
  let text = '';
  for await (const { bytes } of streams.output) text += Buffer.from(bytes).toString();
  await monitor.forget(container.id);
  return text;
}

async function digestOf(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

test('hostile containers', async (t) => {
  const assertNoLeaks = await watchForLeaks();
  const box = await openContainers(t);
  if (box === undefined) return;
  const monitor = await box.connect();
  const sentinel = await mkdtemp(join(tmpdir(), 'berth-sentinel-'));
  t.after(() => rm(sentinel, { recursive: true, force: true }));
  const secret = join(sentinel, 'secret');
  await writeFile(secret, 'of the machine');

  const process = (
    args: readonly string[],
    more: Partial<ContainerSpec['process']> = {},
  ): ContainerSpec['process'] => ({
    args,
    env: ['PATH=/usr/sbin:/usr/bin'],
    cwd: '/',
    user: { uid: 0, gid: 0, additionalGids: [0], home: '/' },
    terminal: false,
    ...more,
  });

  await t.test('attack 19: a working folder that is a leaked file descriptor leads nowhere', async () => {
    const climb = `cat /../../../../../../../..${secret} ../../../../../../../..${secret} 2>/dev/null; echo ended`;
    for (let fd = 3; fd < 16; fd++) {
      const spec = { process: process(['sh', '-c', climb], { cwd: `/proc/self/fd/${fd}` }) };
      const output = await outputOf(monitor, await box.bundle('leaky', [], { spec }));
      assert.ok(output === undefined || output === 'ended\n', `fd ${fd}: ${output}`);
    }
  });

  await t.test(
    'attack 20: the runtime’s own program cannot be overwritten through /proc/self/exe',
    async () => {
      const before = await digestOf(box.runtime.path);
      // Takes hold of every program that is not of its own root, and writes to it when it does not run any more.
      const script =
        'while [ ! -e /tmp/enough ]; do for p in /proc/[0-9]*; do case $(readlink $p/exe) in "" | /usr/*) ;; *) ' +
        '{ exec 9<$p/exe; } 2>/dev/null && echo "$(readlink $p/exe)" && (sleep 0.3; echo x > /proc/self/fd/9) 2>/dev/null & ;; esac; done; done';
      await monitor.create(await box.bundle('overwriter', ['bash', '-c', script]));
      await monitor.start('overwriter');
      for (let number = 0; number < 10; number++) {
        await monitor.exec('overwriter', {
          execId: `e${number}`,
          process: { terminal: false, user: { uid: 0, gid: 0 }, args: ['/usr/bin/true'], env: [], cwd: '/' },
          openStdin: false,
        });
      }
      await mkdir(join(box.folder, 'rootfs/tmp/enough'));
      await monitor.forget('overwriter', { force: true });
      assert.equal(await digestOf(box.runtime.path), before);
      assert.equal(await outputOf(monitor, await box.bundle('after', ['echo', 'works'])), 'works\n');
    },
  );

  await t.test('attack 21: mount points that are symlinks are resolved inside the root', async () => {
    const mountsBefore = readMounts().length;
    for (const [name, target] of [
      ['data', sentinel],
      ['climbing', `../../../../../../../..${sentinel}`],
      ['magic', '/proc/self/root/tmp'],
    ] as const) {
      await symlink(target, join(box.folder, 'rootfs', name));
      const spec: Partial<ContainerSpec> = {
        mounts: [
          { type: 'bind', source: join(box.lab.root, 'usr'), target: '/usr', isReadonly: true },
          { type: 'tmpfs', target: `/${name}/inner`, options: [] },
          { type: 'bind', source: box.folder, target: `/${name}`, isReadonly: true },
        ],
      };
      await outputOf(monitor, await box.bundle('linked', ['true'], { spec }));
      await rm(join(box.folder, 'rootfs', name));
      assert.deepEqual(await readdir(sentinel), ['secret'], name);
      assert.equal(await readFile(secret, 'utf8'), 'of the machine');
    }
    assert.equal(readMounts().length, mountsBefore);
  });

  await t.test('attack 21: a /dev that is a symlink is refused with a reason', async () => {
    const dev = join(box.folder, 'rootfs/dev');
    await rm(dev, { recursive: true, force: true });
    await symlink(sentinel, dev);
    await assert.rejects(monitor.create(await box.bundle('dev', ['true'])), {
      code: 'ROOT_REFUSED',
      message: 'Cannot create the container: "/dev" of the root filesystem is no folder',
    });
    await rm(dev);
  });

  await t.test('attack 21: /dev and /proc as symlinks, and masked paths that are', async () => {
    for (const name of ['dev', 'proc', 'sys']) {
      const place = join(box.folder, 'rootfs', name);
      await rm(place, { recursive: true, force: true });
      await symlink(sentinel, place);
      await outputOf(monitor, await box.bundle('dev', ['sh', '-c', 'echo x > /dev/written']));
      assert.deepEqual(await readdir(sentinel), ['secret'], name);
      await rm(place, { recursive: true, force: true });
    }
    const output = await outputOf(
      monitor,
      await box.bundle('masked', [
        'sh',
        '-c',
        'cat /proc/interrupts | wc -c; echo x > /proc/sys/kernel/hostname',
      ]),
    );
    assert.match(output ?? '', /^0\n.*Read-only file system/);
  });

  await t.test('attack 22: no inheritable or ambient rights, and the groups that were given', async () => {
    const user = { uid: 1000, gid: 1001, additionalGids: [1001, 50], home: '/' };
    const spec = {
      process: process(['sh', '-c', 'grep -E "^(Cap|Groups|NoNewPrivs|Seccomp:)" /proc/self/status'], {
        user,
      }),
    };
    const output = (await outputOf(monitor, await box.bundle('rights', [], { spec }))) ?? '';
    const field = (name: string): string =>
      new RegExp(`^${name}:\\s*(.*?)\\s*$`, 'm').exec(output)?.[1] ?? 'missing';
    assert.deepEqual(['CapInh', 'CapPrm', 'CapEff', 'CapAmb'].map(field), Array(4).fill('0000000000000000'));
    assert.equal(field('CapBnd'), '00000000a80425fb');
    assert.equal(field('Groups'), '50 1001');
    assert.equal(field('Seccomp'), '2');
  });

  await t.test('the filter: no namespaces, no mounts, no keys; what Docker allows works', async () => {
    const script =
      'unshare -U true; unshare -m true; mount -t tmpfs x /tmp; chroot / true && echo chroot works';
    const output = await outputOf(monitor, await box.bundle('filter', ['sh', '-c', `${script} 2>&1`]));
    assert.equal(
      output?.match(/Operation not permitted|permission denied|must be superuser/gi)?.length,
      3,
      output,
    );
    assert.match(output ?? '', /chroot works/);
  });

  await t.test('no process, file or network of the machine is in sight', async () => {
    const script =
      'echo $$; ls /proc | grep -c "^[0-9]"; ls /sys/class/net; cat /etc/hostname 2>&1; cat /proc/sys/kernel/hostname; uname -r';
    const output = await outputOf(monitor, await box.bundle('alone', ['sh', '-c', script]));
    const release = (await readFile('/proc/sys/kernel/osrelease', 'utf8')).trim();
    assert.match(
      output ?? '',
      new RegExp(`^1\\n[1-4]\\nlo\\n.*No such file.*\\nbox\\n${release.replaceAll('.', '\\.')}\\n$`),
    );
  });

  assert.deepEqual(box.faults, []);
  await monitor.shutDown();
  await assertNoLeaks();
});
