import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { machineState } from '../lab/leaks.ts';
import { type Lab, openPeers } from '../lab/peers.ts';
import { createMachine, type Machine } from './machine.ts';

/**
 * A test with a machine of its own that must leave nothing on the real one: no interface, no process, and no mount of its own,
 * which is what a namespace could live on by. Skips where there is no lab.
 */
export async function onMachine(
  t: TestContext,
  run: (machine: Machine, lab: Lab) => Promise<void>,
): Promise<void> {
  const lab = await openPeers(t);
  if (lab === undefined) return;
  const before = await machineState();
  let root = '';
  {
    await using machine = await createMachine(lab);
    root = machine.root;
    await run(machine, lab);
  }
  const after = await machineState();
  assert.deepEqual(after.interfaces, before.interfaces);
  assert.deepEqual(after.processes, before.processes);
  assert.deepEqual(
    after.mounts.filter((path) => path.startsWith(root)),
    [],
  );
}
