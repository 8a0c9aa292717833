import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { ImageLife, type Phase } from '../engine/image-life.ts';
import { mustRun } from '../lab/command.ts';
import { needEngine, type TestEngine } from '../lab/engine.ts';
import { startHub } from '../lab/hub.ts';
import { GUEST, STORAGE } from '../lab/package-sets.ts';
import { type Lab, openPeers } from '../lab/peers.ts';
import { smallImageBytes } from '../lab/small-image.ts';
import { makeDisk, NODE_OPTIONS, projectDisk, rootDisk, toolsDisk } from './disks.ts';
import { AGENT, bootGuest, type GuestDisks } from './guest.ts';
import { type GuestEngine, startGuestEngine } from './guest-engine.ts';

const HUB_PORT = 5000;
/** For the guest and for this machine. */
const REGISTRY = `localhost:${HUB_PORT}`;
const IMAGE = `${REGISTRY}/admin/app:v`;

/** What a guest is booted from, again and again, and a Hub with an image of three layers that it reaches. */
export interface Ground extends AsyncDisposable {
  readonly image: string;
  /** A tar of a root filesystem with a shell and small tools. */
  readonly rootfs: Uint8Array;
  /** Its diffIDs. */
  readonly layers: readonly string[];
  /** How many durable steps an engine comes to in each phase of such an image's life. */
  readonly steps: ReadonlyMap<Phase, number>;
  /** Disposing it cuts the power. What was on the disk at the last end is there. `engine`: options of `openEngine`. */
  boot(engine?: Readonly<Record<string, unknown>>): Promise<GuestEngine & AsyncDisposable>;
}

/**
 * Where no guest can be had the test is skipped with the reason and `undefined` returned; under `CI=true` that is a failure.
 *
 * An engine lives a life of the image on this machine first: its files are compiled then, and its steps counted.
 */
export async function needGround(t: TestContext): Promise<Ground | undefined> {
  if (process.arch !== 'x64') {
    t.skip(`needs an x64 machine for its guest, this is ${process.arch}`);
    return undefined;
  }
  const machine = await openPeers(t, GUEST);
  const storage = await openPeers(t, STORAGE);
  if (machine === undefined || storage === undefined) return undefined;
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'berth-vm-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const compiled = join(folder, 'compiled');
  const here = await needEngine(t, { env: { NODE_COMPILE_CACHE: compiled } });
  if (here === undefined) return undefined;
  const hub = stack.use(await startHub({ netns: here.netns }));
  const lived = await live(here, new ImageLife(here, hub));
  // Node writes what it compiled when a program ends.
  await here.stop();
  await mustRun([process.execPath, ...NODE_OPTIONS, AGENT], { env: { NODE_COMPILE_CACHE: compiled } });
  const disks = {
    own: join(folder, 'own'),
    project: join(folder, 'project'),
    root: await rootDisk({ machine, peers: here.lab }),
    tools: await toolsDisk({ machine, storage }),
  };
  await makeDisk(disks.own, { machine });
  await projectDisk(disks.project, { machine, compiled });
  const rootfs = await smallImageBytes(here.lab);
  const opened = stack.move();
  const account = `${hub.username}:${hub.password}`;
  const boot: Ground['boot'] = (engine = {}) =>
    bootEngine({ machine, disks, account, engine, netns: here.house.pid });
  return { ...lived, rootfs, boot, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

async function live(
  engine: TestEngine,
  life: ImageLife,
): Promise<Pick<Ground, 'image' | 'layers' | 'steps'>> {
  await life.prepare();
  const trace = join(engine.folder, 'steps.txt');
  await engine.restart({ traceSteps: trace });
  const count = async (): Promise<number> => (await readFile(trace, 'utf8')).split('\n').length - 1;
  const steps = new Map<Phase, number>();
  let before = await count();
  let layers: readonly string[] = [];
  await life.live(async (phase) => {
    const now = await count();
    steps.set(phase, now - before);
    before = now;
    if (phase === 'pull') layers = await layersOf(engine, IMAGE);
  });
  return { layers, steps, image: IMAGE };
}

export async function layersOf(engine: Pick<TestEngine, 'must'>, image: string): Promise<readonly string[]> {
  return JSON.parse(await engine.must(['inspect', '--format', '{{json .RootFS.Layers}}', image])) as string[];
}

interface BootOptions {
  readonly machine: Lab;
  readonly disks: GuestDisks;
  readonly netns: number;
  readonly account: string;
  readonly engine: Readonly<Record<string, unknown>>;
}

async function bootEngine(options: BootOptions): Promise<GuestEngine & AsyncDisposable> {
  const { machine, disks, netns, account, engine: settings } = options;
  await using stack = new AsyncDisposableStack();
  const guest = stack.use(await bootGuest({ machine, disks, netns, ports: [HUB_PORT] }));
  const login = { auths: { [REGISTRY]: { auth: Buffer.from(account).toString('base64') } } };
  await guest.must('sh', ['-c', 'mkdir -p .docker && cat > .docker/config.json'], {
    input: JSON.stringify(login),
  });
  const engine = await startGuestEngine(guest, { engine: settings });
  const opened = stack.move();
  return Object.assign(engine, { [Symbol.asyncDispose]: () => opened.disposeAsync() });
}
