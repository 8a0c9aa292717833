// Dependencies of a clone: there and as package-lock.json says, or brought by "npm ci".
//
// npm writes node_modules/.package-lock.json last of all, and "npm ci" removes node_modules first: a killed
// installation has no such file, so it is never taken for a whole one.

import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withInstallLock } from './install-lock.mjs';
import { packagedNode } from './node-binary.mjs';
import { StartError, words } from './words.mjs';

/** The top of the clone; `undefined` when Berth is installed below some node_modules. */
export function findClone() {
  const top = dirname(dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url))))));
  return existsSync(join(top, 'package-lock.json')) ? top : undefined;
}

export async function bringDependencies(top, { dev }) {
  if (isInstalled(top, { dev })) return;
  try {
    accessSync(top, constants.W_OK);
  } catch (cause) {
    if (!['EACCES', 'EROFS', 'EPERM'].includes(cause.code)) throw cause;
    throw new StartError(words.readOnly(top));
  }
  await withInstallLock(join(top, 'node_modules.lock'), async () => {
    if (isInstalled(top, { dev })) return;
    const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', ...(dev ? [] : ['--omit=dev'])];
    console.error(words.bringing(`npm ${dev ? 'ci' : 'ci --omit=dev'}`));
    const begin = performance.now();
    await npm(args, top);
    console.error(words.brought(((performance.now() - begin) / 1000).toFixed(1)));
  });
}

/** What is installed with development dependencies serves both. */
export function isInstalled(top, { dev }) {
  const wanted = readPackages(join(top, 'package-lock.json'));
  const present = readPackages(join(top, 'node_modules/.package-lock.json'));
  if (wanted === undefined || present === undefined) return false;
  for (const [path, entry] of Object.entries(wanted)) {
    // Optional packages are for other platforms too, and npm may leave them out.
    if (!path.startsWith('node_modules/') || entry.optional || entry.devOptional || (entry.dev && !dev))
      continue;
    const found = present[path];
    if (found?.version !== entry.version || found?.integrity !== entry.integrity) return false;
  }
  return Number(process.versions.node.split('.')[0]) >= 24 || packagedNode() !== undefined;
}

function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch (error) {
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** npm as the user has set it up; what it prints is only shown when it fails. */
async function npm(args, cwd) {
  const viaNpm = process.env.npm_execpath;
  const [command, first] = viaNpm?.endsWith('.js') ? [process.execPath, [viaNpm]] : ['npm', []];
  const child = spawn(command, [...first, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = [];
  child.stdout.on('data', (chunk) => said.push(chunk));
  child.stderr.on('data', (chunk) => said.push(chunk));
  const stop = () => child.kill('SIGTERM');
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const code = await new Promise((done, fail) => {
    child.on('error', (error) => fail(error.code === 'ENOENT' ? new StartError(words.noNpm()) : error));
    child.on('close', (status, signal) => done(status ?? signal));
  });
  process.removeListener('SIGINT', stop).removeListener('SIGTERM', stop);
  if (code === 0) return;
  const text = Buffer.concat(said).toString();
  if (/\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ENOTCACHED)\b/.test(text)) {
    throw new StartError(words.offline());
  }
  if (/\b(EROFS|EACCES)\b/.test(text)) throw new StartError(words.readOnly(cwd));
  process.stderr.write(text.replace(/^npm warn .*\n/gim, ''));
  throw new StartError(words.npmFailed(code));
}
