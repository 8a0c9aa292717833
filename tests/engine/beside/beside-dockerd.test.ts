import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CommandResult } from '../../lab/command.ts';
import { startDockerdHouse } from '../../lab/dockerd-house.ts';
import { needEngine } from '../../lab/engine.ts';
import { smallImageBytes } from '../../lab/small-image.ts';
import { COMMAND_LINES, splitLine } from './command-lines.ts';
import { DIFFERENCES } from './differences.ts';

type Docker = (
  args: readonly string[],
  options?: { readonly input: string | Uint8Array },
) => Promise<CommandResult>;

interface Said {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

test('command lines do what they do with dockerd, but for the listed differences', async (t) => {
  const engine = await needEngine(t);
  if (engine === undefined) return;
  await using dockerd = await startDockerdHouse(engine.lab);
  const image = await smallImageBytes(engine.lab);
  const [theirs, ours] = await Promise.all([
    sayAll(dockerd.docker, image),
    sayAll((args, options) => engine.docker(args, options), image),
  ]);
  t.diagnostic(
    `${COMMAND_LINES.length} command lines, ${Object.keys(DIFFERENCES).length} differences with a reason`,
  );
  const known = new Set(Object.keys(DIFFERENCES));
  const seen = new Set<string>();
  const wrong: string[] = [];
  for (const [at, given] of COMMAND_LINES.entries()) {
    const line = lineOf(given);
    const [a, b] = [theirs[at], ours[at]] as [Said, Said];
    const { codes = [a.code, a.code] } = DIFFERENCES[line] ?? {};
    const isSame = a.code === b.code && a.stdout === b.stdout && a.stderr === b.stderr;
    if (!isSame) seen.add(line);
    const isAllowed = known.has(line) && a.code === codes[0] && b.code === codes[1];
    if (!isSame && !isAllowed) wrong.push(`docker ${line}\n  dockerd: ${show(a)}\n  berth:   ${show(b)}`);
  }
  assert.deepEqual(wrong, [], wrong.join('\n'));
  assert.deepEqual(
    [...known].filter((line) => !seen.has(line)),
    [],
    'these are listed as different and are the same',
  );
});

async function sayAll(docker: Docker, image: Uint8Array): Promise<readonly Said[]> {
  const imported = await docker(['import', '-', 'small:1'], { input: image });
  assert.equal(imported.code, 0, imported.stderr);
  const said: Said[] = [];
  for (const given of COMMAND_LINES) {
    const { code, stdout, stderr } = await docker(
      splitLine(lineOf(given)),
      ...(typeof given === 'string' ? [] : [{ input: given.input }]),
    );
    said.push({ code, stdout: withoutChance(stdout), stderr: withoutChance(stderr) });
  }
  return said;
}

function lineOf(given: (typeof COMMAND_LINES)[number]): string {
  return typeof given === 'string' ? given : given.line;
}

/** Ids, times and widths of columns are another each time. */
function withoutChance(text: string): string {
  return text
    .replaceAll(/sha256:[0-9a-f]{64}/g, '<digest>')
    .replaceAll(/\b[0-9a-f]{64}\b/g, '<id>')
    .replaceAll(/\b[0-9a-f]{12}\b/g, '<short id>')
    .replaceAll(/(Less than a second|About an? \w+|\d+ (seconds?|minutes?))( ago)?/g, '<a while>')
    .replaceAll(/^(\d+) +(\w+)$/gm, '<pid> $2')
    .replaceAll(/ {2,}/g, '  ')
    .trim();
}

function show({ code, stdout, stderr }: Said): string {
  return `${code} ${JSON.stringify(stdout)} ${JSON.stringify(stderr)}`;
}
