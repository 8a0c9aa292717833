import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Argument, Command, Option } from 'commander';
import { bashCompletion } from './bash.ts';
import { commandTree } from './command-tree.ts';
import { zshCompletion } from './zsh.ts';

function program(): Command {
  const berth = new Command('berth').addOption(
    new Option('--format <format>', 'Format').choices(['text', 'json']),
  );
  berth.command('copy <source> <target>').description("It's: a copy").option('-q, --quiet', 'Say nothing');
  berth.command('config').option('--file <path>', 'Which file');
  const token = berth.command('token').description('Tokens');
  token.command('create').addOption(new Option('--scope <scope>').choices(['repo:read', 'repo:write']));
  token.command('ls');
  berth.command('completion').addArgument(new Argument('<shell>').choices(['bash', 'zsh']));
  return berth;
}

function hasShell(name: string): boolean {
  return spawnSync(name, ['-c', 'exit 0']).status === 0;
}

async function script(t: TestContext, content: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-completion-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'script'), content);
  return join(folder, 'script');
}

test('commandTree() lists every command with its flags and values', () => {
  const nodes = commandTree(program());
  const paths = nodes.map(({ path }) => path).filter((path) => !path.includes('help'));
  assert.deepEqual(paths, [
    'berth',
    'berth copy',
    'berth config',
    'berth token',
    'berth token create',
    'berth token ls',
    'berth completion',
  ]);
  const create = nodes.find(({ path }) => path === 'berth token create');
  assert.deepEqual(create?.values, [
    { flags: ['--scope'], choices: ['repo:read', 'repo:write'] },
    { flags: ['--format'], choices: ['text', 'json'] },
  ]);
  assert.deepEqual(nodes.at(-1)?.words, ['bash', 'zsh']);
});

const hasBash = hasShell('bash');
test('bash completes commands, flags and values', {
  skip: hasBash ? false : 'bash is not here',
}, async (t) => {
  const path = await script(t, bashCompletion(commandTree(program())));
  const complete = (...words: string[]): string[] => {
    const quoted = words.map((word) => `'${word}'`).join(' ');
    const line = `source '${path}' && complete -p berth >/dev/null && COMP_WORDS=(${quoted}) COMP_CWORD=${words.length - 1} && _berth && printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { status, stdout, stderr } = spawnSync('bash', ['--norc', '-euc', line], {
      encoding: 'utf8',
      cwd: tmpdir(),
    });
    assert.equal(stderr, '');
    assert.equal(status, 0);
    return stdout.split('\n').filter(Boolean).sort();
  };
  assert.deepEqual(complete('berth', 'co'), ['completion', 'config', 'copy']);
  assert.deepEqual(complete('berth', 'token', ''), ['create', 'help', 'ls']);
  assert.deepEqual(complete('berth', 'copy', '--'), ['--format', '--help', '--quiet']);
  assert.deepEqual(complete('berth', 'copy', '--format', ''), ['json', 'text']);
  assert.deepEqual(complete('berth', '--format', '=', 'j'), ['json']);
  assert.deepEqual(complete('berth', 'token', 'create', '--scope', 'repo', ':', 'w'), ['write']);
  assert.deepEqual(complete('berth', 'completion', ''), ['bash', 'zsh']);
  assert.deepEqual(complete('berth', 'copy', '/usr/bi'), ['/usr/bin']);
});

const hasZsh = hasShell('zsh');
test('zsh takes the script', { skip: hasZsh ? false : 'zsh is not here' }, async (t) => {
  const path = await script(t, zshCompletion(commandTree(program())));
  const line = `source '${path}' && print -r -- $_comps[berth] && whence -w _berth`;
  const { status, stdout } = spawnSync('zsh', ['-fc', line], { encoding: 'utf8' });
  assert.equal(status, 0);
  assert.match(stdout, /^_berth\n_berth: function/);
});

test('zshCompletion() quotes what descriptions hold', () => {
  const text = zshCompletion(commandTree(program()));
  assert.ok(text.includes(`'copy:It'\\''s: a copy'`));
  assert.ok(text.startsWith('#compdef berth\n'));
});
