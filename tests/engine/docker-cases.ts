import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CommandOptions, CommandResult } from '../lab/command.ts';

/** An engine wherever it runs, and the docker command beside it. */
export interface Docker {
  docker(args: readonly string[], options?: Pick<CommandOptions, 'input'>): Promise<CommandResult>;
  must(args: readonly string[], options?: Pick<CommandOptions, 'input'>): Promise<string>;
}

export type DockerCases = Readonly<Record<string, (engine: Docker) => Promise<void>>>;

/** The image that the cases are of: `smallImage`, or one made from it. */
export const IMAGE = 'small:1';

export async function stateOf(engine: Docker, name: string): Promise<Record<string, unknown>> {
  return JSON.parse(await engine.must(['inspect', '--format', '{{json .State}}', name])) as Record<
    string,
    unknown
  >;
}

/** What a case has left, whether it failed or not. */
export async function removeContainers(engine: Docker): Promise<void> {
  const left = (await engine.must(['ps', '--all', '--quiet'])).trim();
  if (left !== '') await engine.must(['rm', '--force', '--volumes', ...left.split('\n')]);
}

/** Of runc and of crun. */
const NOT_FOUND = /executable file (`nothere` )?not found in \$PATH/;

/**
 * What depends on how the machine has its cgroups, by the docker command alone: run on this machine as it is, and in a guest that
 * has cgroup2 alone. What they leave is for `removeContainers`.
 */
export const runs: DockerCases = {
  'run gives output and exit code, and --rm leaves nothing': async (engine) => {
    const ran = await engine.docker(['run', '--rm', IMAGE, 'sh', '-c', 'echo out; echo err >&2; exit 42']);
    assert.deepEqual([ran.code, ran.stdout, ran.stderr], [42, 'out\n', 'err\n']);
    assert.equal(await engine.must(['ps', '--all', '--quiet']), '');
  },

  'a command that is not there is 127, one that cannot be run 126, and --rm removes both': async (engine) => {
    for (const [command, code, words] of [
      ['/nothere', 127, /no such file or directory/],
      ['nothere', 127, NOT_FOUND],
      ['/etc', 126, /permission denied|is a directory/],
    ] as const) {
      const ran = await engine.docker(['run', '--rm', IMAGE, command]);
      assert.equal(ran.code, code, command);
      assert.match(ran.stderr, words);
    }
    assert.equal(await engine.must(['ps', '--all', '--quiet']), '');
    await engine.docker(['run', '--name', 'never', IMAGE, 'nothere']);
    const never = await stateOf(engine, 'never');
    assert.deepEqual([never.Status, never.ExitCode], ['created', 127]);
    assert.match(String(never.Error), NOT_FOUND);
  },

  'pause freezes and refuses what would hang; a stop thaws': async (engine) => {
    await engine.must([
      'run',
      '--detach',
      '--name',
      'iced',
      IMAGE,
      'sh',
      '-c',
      'while :; do date +%s%N; sleep 0.05; done',
    ]);
    await engine.must(['pause', 'iced']);
    const before = await engine.must(['logs', 'iced']);
    await sleep(400);
    assert.equal(await engine.must(['logs', 'iced']), before);
    assert.match(
      (await engine.docker(['exec', 'iced', 'true'])).stderr,
      /is paused, unpause the container before exec/,
    );
    assert.match(await engine.must(['ps']), /\(Paused\)/);
    await engine.must(['stop', '--time', '1', 'iced']);
    assert.equal((await stateOf(engine, 'iced')).Running, false);
  },
};

export const execs: DockerCases = {
  'exec gives output and exit code, and says where it failed': async (engine) => {
    await engine.must(['run', '--detach', '--name', 'host', '--env', 'A=own', IMAGE, 'sleep', '1000']);
    const ran = await engine.docker([
      'exec',
      '--env',
      'B=mine',
      '--user',
      '5',
      'host',
      'sh',
      '-c',
      'echo $A $B; id -u; exit 3',
    ]);
    assert.deepEqual([ran.code, ran.stdout], [3, 'own mine\n5\n']);
    const missing = await engine.docker(['exec', 'host', 'nothere']);
    assert.equal(missing.code, 127);
    assert.match(missing.stdout, /^OCI runtime exec failed: /);
    assert.match(missing.stdout, NOT_FOUND);
    const piped = await engine.docker(['exec', '--interactive', 'host', 'wc', '-c'], {
      input: Buffer.alloc(300_000, 'x'),
    });
    assert.equal(piped.stdout.trim(), '300000');
  },

  'ten execs at once': async (engine) => {
    await engine.must(['run', '--detach', '--name', 'busy', IMAGE, 'sleep', '1000']);
    const many = Array.from({ length: 10 }, (_, at) => engine.must(['exec', 'busy', 'echo', String(at)]));
    assert.deepEqual(
      await Promise.all(many),
      Array.from({ length: 10 }, (_, at) => `${at}\n`),
    );
  },
};

/** These leave no container. */
export const walls: DockerCases = {
  'past --memory the exit code is 137 and OOMKilled is true; beside it another runs on': async (engine) => {
    await engine.must(['run', '--detach', '--name', 'beside', IMAGE, 'sleep', '1000']);
    const grow = 'x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done';
    const ran = await engine.docker(['run', '--name', 'fat', '--memory', '24m', IMAGE, 'sh', '-c', grow]);
    assert.equal(ran.code, 137);
    const format = '{{.State.ExitCode}} {{.State.OOMKilled}} {{.State.Status}}';
    assert.equal((await engine.must(['inspect', '--format', format, 'fat'])).trim(), '137 true exited');
    assert.equal((await engine.must(['wait', 'fat'])).trim(), '137');
    assert.equal((await engine.must(['inspect', '--format', format, 'beside'])).trim(), '0 false running');
    // SIGKILL by somebody looks the same but for this.
    await engine.must(['kill', 'beside']);
    assert.equal((await engine.must(['inspect', '--format', format, 'beside'])).trim(), '137 false exited');
    await engine.must(['rm', 'fat', 'beside']);
  },

  '--pids-limit stops a fork bomb': async (engine) => {
    const bomb = 'i=0; while [ $i -lt 40 ]; do i=$((i+1)); sleep 30 & done; echo never';
    const ran = await engine.docker(['run', '--rm', '--pids-limit', '10', IMAGE, 'sh', '-c', bomb]);
    assert.notEqual(ran.code, 0);
    assert.doesNotMatch(ran.stdout, /never/);
    assert.match(ran.stderr, /Cannot fork/);
  },
};

export const limits: DockerCases = {
  'update changes limits of what runs, and its restart policy': async (engine) => {
    await engine.must([
      'run',
      '--detach',
      '--name',
      'grown',
      '--memory',
      '32m',
      '--pids-limit',
      '50',
      IMAGE,
      'sleep',
      '1000',
    ]);
    await engine.must([
      'update',
      '--memory',
      '64m',
      '--memory-swap',
      '64m',
      '--pids-limit',
      '60',
      '--restart',
      'always',
      'grown',
    ]);
    const format = '{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}} {{.HostConfig.RestartPolicy.Name}}';
    assert.equal(
      (await engine.must(['inspect', '--format', format, 'grown'])).trim(),
      `${64 * 1024 ** 2} 60 always`,
    );
    const stats = JSON.parse(await engine.must(['stats', '--no-stream', '--format', 'json', 'grown'])) as {
      MemUsage: string;
    };
    assert.match(stats.MemUsage, /\/ 64MiB$/);
  },
};

export const told: DockerCases = {
  'top, stats, port and ps tell of it': async (engine) => {
    await engine.must([
      'run',
      '--detach',
      '--name',
      'seen',
      '--publish',
      '127.0.0.1:8081:80',
      '--label',
      'x=y',
      IMAGE,
      'sleep',
      '1000',
    ]);
    assert.match(await engine.must(['top', 'seen']), /sleep 1000/);
    assert.match(await engine.must(['top', 'seen', '-o', 'pid,comm']), /sleep/);
    assert.equal((await engine.must(['port', 'seen'])).trim(), '80/tcp -> 127.0.0.1:8081');
    assert.match(await engine.must(['ps', '--filter', 'label=x=y']), /Up .*127\.0\.0\.1:8081->80\/tcp +seen/);
    assert.equal((await engine.must(['ps', '--quiet', '--filter', 'status=exited'])).trim(), '');
  },
};
