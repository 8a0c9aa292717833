/**
 * Lives the life of an image and a container in `root`, and ends itself by SIGKILL at the nth step; without one it prints the
 * name of each step. Started by crash-suite.ts. When it lived, it says at its end how many steps there were.
 */
import { liveThrough } from '../testing/life.ts';
import { openLayerStore } from './open-layer-store.ts';

const [root = '', driver = '', options = '{}', fatal = 'none'] = process.argv.slice(2);
let count = 0;

await using store = await openLayerStore({
  root,
  driver,
  driverOptions: JSON.parse(options),
  onStep(step) {
    if (count === Number(fatal)) process.kill(process.pid, 'SIGKILL');
    count++;
    if (fatal === 'none') console.log(step);
  },
});
await liveThrough(store);
if (fatal !== 'none') console.log(count);
