/** Mounts something where only this thread sees it. Run by `private-mounts.test.ts`. */
import { readdirSync, writeFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { enterPrivateMounts } from './jail.ts';
import { mountFileSystem } from './mounts.ts';

const folder = workerData as string;
enterPrivateMounts();
mountFileSystem(folder, { type: 'tmpfs' });
writeFileSync(`${folder}/mine`, '');
parentPort?.postMessage(readdirSync(folder));
// Stays until it is told to end.
parentPort?.once('message', () => parentPort?.close());
