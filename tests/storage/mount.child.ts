/** Mounts a container layer of an aufs store, writes into it, says where it is, and ends as a crash does. */
import { writeFileSync, writeSync } from 'node:fs';
import { openLayerStore } from '@berth/storage';

const [root = '', name = ''] = process.argv.slice(2);
const store = await openLayerStore({ root, driver: 'aufs' });
const path = await store.mount(name);
writeFileSync(`${path}/written`, 'before');
writeSync(1, path);
process.kill(process.pid, 'SIGKILL');
