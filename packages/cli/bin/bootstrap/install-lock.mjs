// A folder that exists while somebody installs: node_modules.lock/owner = "<pid> <start time of that process>".
// It appears by one rename, owner file inside, so it is never seen without its owner.

import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { words } from './words.mjs';

export async function withInstallLock(folder, work) {
  let told = false;
  while (!take(folder)) {
    const owner = ownerOf(folder);
    if (owner !== undefined && !isAlive(owner)) {
      removeStale(folder);
      continue;
    }
    if (!told && owner !== undefined) console.error(words.waiting(owner.split(' ')[0]));
    told = true;
    await sleep(500);
  }
  try {
    return await work();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function take(folder) {
  const mine = `${folder}.${process.pid}`;
  rmSync(mine, { recursive: true, force: true });
  mkdirSync(mine);
  writeFileSync(join(mine, 'owner'), `${process.pid} ${startTime(process.pid)}`);
  try {
    renameSync(mine, folder);
    return true;
  } catch (error) {
    rmSync(mine, { recursive: true, force: true });
    if (error.code === 'ENOTEMPTY' || error.code === 'EEXIST') return false;
    throw error;
  }
}

/** By rename, so that only one of several waiters takes it away; a living owner found inside gets it back. */
function removeStale(folder) {
  const aside = `${folder}.stale-${process.pid}`;
  try {
    renameSync(folder, aside);
  } catch (error) {
    if (error.code === 'ENOENT') return;
    throw error;
  }
  const owner = ownerOf(aside);
  if (owner !== undefined && isAlive(owner)) renameSync(aside, folder);
  else rmSync(aside, { recursive: true, force: true });
}

function ownerOf(folder) {
  try {
    return readFileSync(join(folder, 'owner'), 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function isAlive(owner) {
  const [pid, started] = owner.split(' ');
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
  return startTime(pid) === started;
}

/** Field 22 of /proc/<pid>/stat: tells a process from a later one of the same number. */
function startTime(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return '0';
  }
}
