/** The networks of an engine in a process of their own, told what to do by lines of JSON: killed in tests, in a namespace of its own. */
import { createInterface } from 'node:readline';
import { toPlainError } from '@berth/errors';
import { type Networks, openNetworks } from '@berth/network';

const faults: string[] = [];
const lastStep = process.env.BERTH_LAST_STEP;
const networks: Networks = await openNetworks({
  ...JSON.parse(process.argv[2] ?? '{}'),
  onStep: (step) => {
    if (step === lastStep) process.kill(process.pid, 'SIGKILL');
  },
  onFault: (error, what) => faults.push(`${what}: ${String(error)}`),
});

type Call = { readonly id: number; readonly method: string; readonly args: readonly unknown[] };

async function run({ method, args }: Call): Promise<unknown> {
  if (method === 'faults') return faults;
  if (method === 'close') return await networks[Symbol.asyncDispose]();
  if (method === 'measure') return await measure(Number(args[0]), args[1] as never);
  const call = (networks as unknown as Record<string, (...values: readonly unknown[]) => unknown>)[method];
  return await call?.apply(networks, [...args]);
}

/** Milliseconds for making and for removing a sandbox, one after the other. */
async function measure(count: number, options: Parameters<Networks['createSandbox']>[1]): Promise<unknown> {
  const [create, remove]: [number[], number[]] = [[], []];
  for (let index = 0; index < count; index++) {
    const start = performance.now();
    await networks.createSandbox(`measured-${index}`, options);
    const middle = performance.now();
    create.push(middle - start);
    // A container lives some tens of milliseconds at least.
    await new Promise((done) => setTimeout(done, 20));
    const end = performance.now();
    await networks.removeSandbox(`measured-${index}`);
    remove.push(performance.now() - end);
    await new Promise((done) => setTimeout(done, 20));
  }
  return { create, remove };
}

const answer = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);
answer({ ready: true });
for await (const line of createInterface({ input: process.stdin })) {
  const call: Call = JSON.parse(line);
  run(call).then(
    (value) => answer({ id: call.id, value: value ?? null }),
    (error) => answer({ id: call.id, error: toPlainError(error) }),
  );
}
