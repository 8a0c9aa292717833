import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { needEngine, type TestEngine } from '../lab/engine.ts';
import { watchForLeaks } from '../lab/leaks.ts';
import { SCREEN } from '../lab/package-sets.ts';
import { openPeers } from '../lab/peers.ts';
import { screenImageBytes } from '../lab/screen-image.ts';
import { startTmux, type Window } from './tmux.ts';

const IMAGE = 'screen:1';
const MAIN = join(import.meta.dirname, '../../packages/cli/src/main.ts');
/** Lines, of 14 bytes or more each: together more than a pipe, a frame or a terminal holds. */
const MANY = 6000;
const SIZE = { columns: 80, rows: 24 };
/** 1, 2, 2 and 2 columns wide; 2, 3, 3 and 4 bytes long. */
const LETTERS = 'ü世界🎉';

/** `client ARGUMENTS` clears the screen of itself, runs the client, and tells how it ended and in what state it left the terminal. */
const SHELL = `
PS1='outside# '
client() {
  local before=$(stty -g) code
  printf '\\033[2J\\033[H'
  $CLIENT "$@"
  code=$?
  [ "$(stty -g)" = "$before" ] || echo "The terminal is not as before: $(stty -a)"
  echo "ended with $code"
}
`;

/** Says every size that it hears of, and ends at Ctrl-C. */
const FOLLOWING = `trap "stty size" WINCH; trap "exit 5" INT; stty size; while :; do sleep 0.1; done`;
const COUNTING = `trap "exit 6" INT; i=0; while :; do i=$((i+1)); echo tick $i; sleep 0.1; done`;

interface Desk {
  readonly engine: TestEngine;
  readonly window: Window;
  /** A new name for a container. */
  readonly name: string;
  /** Runs the client in the window's shell. */
  client(line: string): Promise<void>;
  /** The client has ended and the terminal is as before. @returns its exit code */
  ended(): Promise<number>;
}

test('docker and berth in a real terminal', async (t) => {
  const assertNoLeaks = await watchForLeaks();
  const programs = await openPeers(t, SCREEN);
  const engine = programs === undefined ? undefined : await needEngine(t);
  if (programs === undefined || engine === undefined) return;
  t.after(assertNoLeaks);
  const settings = ['ENV PS1="inside# "', 'ENV LANG=C.UTF-8'].flatMap((line) => ['--change', line]);
  await engine.must(['import', ...settings, '-', IMAGE], { input: await screenImageBytes(programs) });
  const shell = join(engine.folder, 'shell');
  await writeFile(shell, SHELL);
  await using tmux = await startTmux(engine.house);
  const clients = { docker: engine.house.docker, berth: `${process.execPath} ${MAIN}` };
  for (const [client, command] of Object.entries(clients)) {
    const env = {
      ...{ CLIENT: command, DOCKER_HOST: `unix://${engine.socketPath}`, BERTH_SOCKET: engine.socketPath },
      ...{ LANG: 'C.UTF-8', HOME: '/root' },
    };
    await t.test(client, async (inner) => {
      for (const [name, run] of Object.entries(cases)) {
        await inner.test(name, async () => {
          const window = await tmux.open(['bash', '--rcfile', shell], { ...SIZE, env });
          await window.until('outside#');
          await run(deskOf(engine, window));
        });
      }
    });
  }
});

function deskOf(engine: TestEngine, window: Window): Desk {
  return {
    engine,
    window,
    name: `c-${randomUUID().slice(0, 8)}`,
    client: async (line) => {
      await window.clear();
      await window.type(`client ${line}`);
      await window.press('Enter');
    },
    ended: async () => {
      const screen = await window.until(/ended with [0-9]+\noutside#$/);
      assert.ok(!screen.includes('is not as before'), screen);
      return Number(/ended with ([0-9]+)\n/.exec(screen)?.[1]);
    },
  };
}

const cases: Readonly<Record<string, (desk: Desk) => Promise<void>>> = {
  'the size is right from the first moment, and follows the window': async (desk) => {
    const { window, client, ended, name } = desk;
    await client(`run -it --name ${name} ${IMAGE} sh -c '${FOLLOWING}'`);
    assert.match(await window.until(/^[0-9]+ [0-9]+$/m), /^24 80$/m);
    await window.resize({ columns: 100, rows: 40 });
    await window.until(/^40 100$/m);
    // As when a corner is dragged: each size may be seen, the last must be.
    for (const rows of [30, 25, 20, 17]) await window.resize({ columns: rows + 44, rows });
    await window.until(/^17 61$/m);
    await window.press('C-p', 'C-q');
    assert.equal(await ended(), 0);
    // An exec has a terminal of its own.
    await client(`exec -it ${name} sh -c '${FOLLOWING}'`);
    assert.match(await window.until(/^[0-9]+ [0-9]+$/m), /^17 61$/m);
    await window.resize({ columns: 70, rows: 20 });
    await window.until(/^20 70$/m);
    await window.press('C-c');
    assert.equal(await ended(), 5);
    // The container's stays as its last user had it, and follows the next one.
    await window.resize({ columns: 91, rows: 33 });
    await client(`attach ${name}`);
    await window.until(/^33 91$/m);
    await window.press('C-c');
    assert.equal(await ended(), 5);
  },

  'Ctrl-C ends what runs in front in the container, not the client': async (desk) => {
    const { engine, window, client, ended, name } = desk;
    await client(`run -it --init --name ${name} ${IMAGE} sh -c 'echo begun; exec sleep 1000'`);
    await window.until(/^begun$/m);
    await window.press('C-c');
    assert.equal(await ended(), 130);
    await engine.must(['run', '--detach', '--name', `${name}-exec`, IMAGE, 'sleep', '2000']);
    const shells = { run: `run -it --name ${name}-run ${IMAGE} sh`, exec: `exec -it ${name}-exec sh` };
    for (const [kind, line] of Object.entries(shells)) {
      await client(line);
      await window.until('inside#');
      await window.type('sleep 1000');
      await window.press('Enter');
      while (!(await engine.must(['top', `${name}-${kind}`])).includes('sleep 1000'));
      await window.press('C-c');
      await window.until(/sleep 1000\n\^C\n?inside#$/);
      await window.type('echo "that was $?"; exit 7');
      await window.press('Enter');
      await window.until('that was 130');
      assert.equal(await ended(), 7);
    }
  },

  'Ctrl-P Ctrl-Q leaves it running, and "attach" comes back': async (desk) => {
    const { engine, window, client, ended, name } = desk;
    await client(`run -it --name ${name} ${IMAGE} sh -c '${COUNTING}'`);
    await window.until('tick 2');
    await window.press('C-p');
    await window.press('C-q');
    assert.equal(await ended(), 0);
    const left = lastTick(await window.lines());
    assert.equal((await engine.must(['inspect', '--format', '{{.State.Running}}', name])).trim(), 'true');
    await client(`attach ${name}`);
    const screen = await window.until(/^tick [0-9]+$/m);
    assert.ok(lastTick(screen.split('\n')) > left, screen);
    await window.press('C-p', 'C-q');
    assert.equal(await ended(), 1);
    assert.match((await window.lines()).join('\n'), /^read escape sequence$/m);
    // Its terminal goes away, which is not a word to the container.
    await client(`attach ${name}`);
    await window.until(/^tick [0-9]+$/m);
    await window.close();
    await engine.must(['exec', name, 'ls']);
    await engine.must(['kill', '--signal', 'INT', name]);
    assert.equal((await engine.must(['wait', name])).trim(), '6');
    const ticks = (await engine.must(['logs', name])).trimEnd().split('\r\n');
    assert.deepEqual(
      ticks,
      ticks.map((_line, at) => `tick ${at + 1}`),
    );
  },

  'letters of every length and width go in and out unharmed': async (desk) => {
    const { engine, window, client, ended, name } = desk;
    const typed = LETTERS.repeat(9);
    await client(`run -it --name ${name} ${IMAGE} sh -c 'echo begun; cat > /typed; cat /typed'`);
    await window.until(/^begun$/m);
    await window.type(typed);
    await window.press('Enter', 'C-d');
    assert.equal(await ended(), 0);
    assert.equal((await window.lines()).filter((line) => line === typed).length, 2);
    assert.ok((await engine.must(['cp', `${name}:/typed`, '-'])).includes(`${typed}\n`));
    const numbered = `for i in $(seq ${MANY}); do echo $i ${LETTERS}; done`;
    await client(`run -it --rm ${IMAGE} sh -c '${numbered}; echo; echo ${'世'.repeat(85)}'`);
    assert.equal(await ended(), 0);
    const lines = await window.lines({ all: true });
    const first = lines.indexOf(`1 ${LETTERS}`);
    for (let number = 1; number <= MANY; number += 1) {
      assert.equal(lines[first + number - 1], `${number} ${LETTERS}`);
    }
    // A row has room for forty wide letters.
    const rows = [40, 40, 5].map((length) => '世'.repeat(length));
    assert.deepEqual(lines.slice(first + MANY, first + MANY + 4), ['', ...rows]);
  },

  'a full-screen editor draws, edits, is drawn anew, saves, and gives the screen back': async (desk) => {
    const { engine, window, client, ended, name } = desk;
    await client(`run -it --name ${name} ${IMAGE} sh`);
    await window.until('inside#');
    await window.type('nano /letter');
    await window.press('Enter');
    await window.until(/GNU nano [0-9.]+ +\/letter.*\n\^X Exit/s);
    assert.equal(await window.isSecondScreen(), true);
    await window.type(`${LETTERS}|`);
    await window.until(`${LETTERS}|`);
    assert.deepEqual(await window.cursor(), [8, 1]);
    await window.press('Left', 'Left', 'BSpace');
    await window.until('ü世🎉|');
    assert.deepEqual(await window.cursor(), [3, 1]);
    await window.resize({ columns: 60, rows: 12 });
    await window.until(/^\^X Exit[^\n]*Justify$/m);
    assert.equal((await window.lines()).length, 12);
    assert.deepEqual(await window.cursor(), [3, 1]);
    await window.press('C-o', 'Enter');
    await window.until('Wrote 1 line');
    await window.press('C-x');
    const back = await window.until(/^inside# nano \/letter\ninside#$/m);
    assert.match(back, /Enter 'help' for a list/);
    assert.equal(await window.isSecondScreen(), false);
    await window.type('exit 3');
    await window.press('Enter');
    assert.equal(await ended(), 3);
    assert.ok((await engine.must(['cp', `${name}:/letter`, '-'])).includes('ü世🎉|\n'));
  },

  'vi in an exec moves, edits, is drawn anew, and saves': async (desk) => {
    const { engine, window, client, ended, name } = desk;
    await engine.must(['run', '-d', '--name', name, IMAGE, 'sh', '-c', 'seq 100 > /lines; sleep 1000']);
    await client(`exec -it ${name} vi /lines`);
    await window.until(/^1\n2\n.*\n23\n- \/lines 1\/100/s);
    assert.equal(await window.isSecondScreen(), true);
    await window.type('G');
    await window.until(/^99\n100\n~\n.*\n- \/lines 100\/100/ms);
    await window.type('x:10');
    await window.press('Enter');
    await window.type('Onew');
    await window.press('Escape');
    await window.until(/^9\nnew\n10\n/m);
    await window.resize({ columns: 90, rows: 40 });
    await window.until(/^9\nnew\n10\n.*\n38\n- \/lines/ms);
    await window.type(':wq');
    await window.press('Enter');
    assert.equal(await ended(), 0);
    assert.equal(await window.isSecondScreen(), false);
    const numbers = Array.from({ length: 100 }, (_none, at) => `${at + 1}`);
    numbers.splice(9, 0, 'new');
    numbers.splice(100, 1, '00');
    assert.equal(await engine.must(['exec', name, 'cat', '/lines']), `${numbers.join('\n')}\n`);
  },
};

function lastTick(lines: readonly string[]): number {
  return Number(lines.findLast((line) => line.startsWith('tick '))?.slice(5));
}
