import assert from 'node:assert/strict';
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { cgroupMode } from '@berth/linux';
import { findRuntime, type RuntimeError } from '@berth/runtime';
import { openContainers } from '../lab/containers.ts';
import { watchForLeaks } from '../lab/leaks.ts';

test('findRuntime() takes what runs a container, and says why others do not', async (t) => {
  const assertNoLeaks = await watchForLeaks();
  const box = await openContainers(t);
  if (box === undefined) return;
  const scratch = await mkdtemp(join(tmpdir(), 'berth-find-'));
  t.after(() => rm(scratch, { recursive: true, force: true }));

  const found = await findRuntime({ scratch, preferred: box.runtime.path });
  assert.deepEqual([found.name, found.path], ['runc', box.runtime.path]);
  assert.match(found.version, /^1\./);

  const reasonOf = async (preferred: string): Promise<string> => {
    const error: RuntimeError = await findRuntime({ scratch, preferred }).then(
      () => assert.fail(`"${preferred}" was taken`),
      (reason) => reason,
    );
    assert.equal(error.code, 'RUNTIME_MISSING');
    assert.ok(error.hint);
    return error.message;
  };
  assert.match(await reasonOf('no-such-runtime'), /"no-such-runtime" \(not found\)/);
  assert.match(await reasonOf('/usr/bin/true'), /"\/usr\/bin\/true" \(OCI runtime create failed: /);
  const broken = join(scratch, 'broken');
  await writeFile(broken, '#!/bin/sh\necho "cannot open libfoo.so" >&2\nexit 127\n');
  await chmod(broken, 0o755);
  assert.match(await reasonOf(broken), /cannot open libfoo\.so/);
  await rm(broken);
  if (cgroupMode() === 'hybrid')
    assert.match(await reasonOf(join(box.lab.root, 'usr/bin/crun')), /cgroups in hybrid mode not supported/);
  else await findRuntime({ scratch, preferred: join(box.lab.root, 'usr/bin/crun') });

  assert.deepEqual(await readdir(scratch), []);
  await assertNoLeaks();
});
