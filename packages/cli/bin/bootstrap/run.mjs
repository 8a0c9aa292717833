import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants, homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bringDependencies, findClone } from './dependencies.mjs';
import { findNode24 } from './node-binary.mjs';
import { StartError } from './words.mjs';

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'];

/** Brings what is missing, then becomes Node 24 with the same terminal, signals and exit code. */
export async function run({ script, args, dev }) {
  try {
    const clone = findClone();
    if (clone !== undefined) await bringDependencies(clone, { dev });
    const node = findNode24();
    const path = script instanceof URL ? fileURLToPath(script) : resolve(script);
    const env = { NODE_COMPILE_CACHE: join(cacheFolder(), 'compile'), ...ownEnvironment(args) };
    // Node looks for its own "--env-file" behind the script as well, unless two dashes stand before it.
    become(node, [...nodeFlags(args[0]), '--', path, ...args], env);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    console.error(`berth: ${error.message}\n       ${error.hint}`);
    process.exitCode = 1;
  }
}

/** As it was given: what a container's "--env-file" holds this Node has taken for its own. */
function ownEnvironment(args) {
  if (process.platform !== 'linux' || !args.some((arg) => arg.startsWith('--env-file'))) return process.env;
  const words = readFileSync('/proc/self/environ', 'utf8').split('\0').filter(Boolean);
  return Object.fromEntries(words.map((word) => [word.split('=', 1)[0], word.slice(word.indexOf('=') + 1)]));
}

/**
 * The engine is there all day and does little: a small young generation and one thread for compiling and collecting are
 * 25 MB less.
 */
function nodeFlags(command) {
  const flags = JSON.parse(readFileSync(new URL('node-flags.json', import.meta.url), 'utf8'));
  return command === 'engine' ? [...flags.always, ...flags.engine] : flags.always;
}

function become(node, args, env) {
  // The shell between npm and us passes no signal on: when npm is ended, all we see is that the shell is gone.
  const isBelowNpm = process.env.npm_lifecycle_event !== undefined;
  if (typeof process.execve === 'function') {
    process.removeAllListeners('warning');
    process.execve(node, [node, ...args], isBelowNpm ? { ...env, BERTH_STOP_WITH_PARENT: 'yes' } : env);
  }
  const child = spawn(node, args, { stdio: 'inherit', env: { ...env, BERTH_STOP_WITH_PARENT: 'yes' } });
  for (const signal of FORWARDED) process.on(signal, () => child.kill(signal));
  if (isBelowNpm) whenParentIsGone(() => child.kill('SIGTERM'));
  child.on('error', (error) => {
    console.error(`berth: Cannot run "${node}": ${error.message}`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
  });
}

function whenParentIsGone(act) {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    act();
  }, 500);
  timer.unref();
}

function cacheFolder() {
  return process.env.BERTH_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'berth');
}
