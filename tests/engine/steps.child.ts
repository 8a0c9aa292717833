/**
 * Opens an engine and does one thing with the container `crash`, killing itself at a step if told to. Prints one line of JSON:
 * the steps that it came to, or what it found. Run by `steps.test.ts`.
 */
import { appendFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Engine, openEngine } from '@berth/engine';

interface Order {
  readonly dataRoot: string;
  readonly runRoot: string;
  readonly verb: 'prepare' | 'create' | 'start' | 'stop' | 'commit' | 'remove' | 'look';
  readonly image: string;
  readonly tar?: string;
  /** `container.insert:1`: the first time that the verb comes to this step. */
  readonly killAt?: string;
  /** Steps of the verb are written there, one a line. */
  readonly trace?: string;
  /** First removes every image but `image`: what commits made, also one whose name a later commit took. */
  readonly forgetCommits?: boolean;
}

const order = JSON.parse(process.argv[2] ?? '{}') as Order;
const NAME = 'crash';
let isArmed = false;
const counts = new Map<string, number>();

function onStep(step: string): void {
  if (!isArmed) return;
  const count = (counts.get(step) ?? 0) + 1;
  counts.set(step, count);
  const point = `${step}:${count}`;
  if (order.trace !== undefined) appendFileSync(order.trace, `${point}\n`);
  if (point === order.killAt) process.kill(process.pid, 'SIGKILL');
}

const faults: string[] = [];
await using engine = await openEngine({
  dataRoot: order.dataRoot,
  runRoot: order.runRoot,
  onStep,
  onFault: (error, what) => faults.push(`${what}: ${String(error)}`),
});
isArmed = true;
const result = await VERBS()[order.verb](engine);
isArmed = false;
console.log(JSON.stringify({ result, faults }));

function VERBS(): Record<Order['verb'], (engine: Engine) => Promise<unknown>> {
  return {
    prepare: async ({ images }) => {
      const { createReadStream } = await import('node:fs');
      await images.importTar(createReadStream(order.tar ?? ''), { reference: order.image });
    },
    create: async ({ containers }) => {
      const config = { Image: order.image, Cmd: ['sleep', '1000'], Volumes: { '/anonymous': {} } };
      const HostConfig = { Binds: ['named:/etc'] };
      return await containers.create({ ...config, HostConfig }, { name: NAME });
    },
    start: async ({ containers }) => {
      await containers.start(NAME);
      // The state of what runs is written without anybody waiting for it.
      await sleep(300);
    },
    stop: async ({ containers }) => await containers.stop(NAME, { timeoutSeconds: 0 }),
    commit: async ({ containers }) => await containers.commit(NAME, { reference: 'committed:1' }),
    remove: async ({ containers }) => await containers.remove(NAME, { volumes: true, force: true }),
    look,
  };
}

/** Everything that could have been left half-made. */
async function look({ containers, volumes, images, check }: Engine): Promise<unknown> {
  if (order.forgetCommits === true) await forgetCommits(images);
  // What a start finishes, it finishes in the background.
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const states = (await containers.list({ all: true })).map(({ State }) => State);
    if (!states.includes('removing')) break;
    await sleep(50);
  }
  const listed = await containers.list({ all: true });
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
  return {
    containers: listed.map(({ Names, State }) => `${Names[0]} ${State}`),
    volumes: (await volumes.list()).map(({ Name }) => (Name.length === 64 ? 'anonymous' : Name)).sort(),
    images: (await images.list({ all: true })).length,
    folders: (await readdir(`${order.dataRoot}/containers`)).length,
    bundles: (await readdir(`${order.runRoot}/bundles`)).length,
    mounted: mounts.filter((line) => line.includes('/merged ')).length,
    namespaces: mounts.filter((line) => line.includes('/netns/')).length,
    problems: await check({ deep: true }),
  };
}

async function forgetCommits(images: Engine['images']): Promise<void> {
  for (const { Id, RepoTags } of await images.list({ all: true })) {
    if (!RepoTags.includes(order.image)) await images.remove(Id, { force: true });
  }
}
