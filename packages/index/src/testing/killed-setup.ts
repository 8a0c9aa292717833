import { openIndex } from '../open-index.ts';
import { createMemoryRegistry } from './memory-registry.ts';
import { PASSWORD } from './test-hub.ts';

/** Arguments: database URL, the number of the step at which this process is to be killed. */
const [, , url = '', at = '1'] = process.argv;

let step = 0;
await using index = await openIndex({
  database: { url },
  registry: createMemoryRegistry(),
  service: 'berth',
  issuer: 'berth',
  onStep: () => {
    step += 1;
    if (step === Number(at)) process.kill(process.pid, 'SIGKILL');
  },
});
await index.createAdmin({ username: 'alice', password: PASSWORD });
process.disconnect();
