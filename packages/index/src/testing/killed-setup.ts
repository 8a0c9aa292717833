import { openIndex } from '../open-index.ts';
import { createMemoryRegistry } from './memory-registry.ts';
import { PASSWORD } from './test-hub.ts';

/** Arguments: database URL, the number of the step at which this process is to be killed, `opening` to count its steps too. */
const [, , url = '', at = '1', from = ''] = process.argv;

let step = 0;
let isCounting = from === 'opening';
await using index = await openIndex({
  database: { url },
  registry: createMemoryRegistry(),
  service: 'berth',
  issuer: 'berth',
  onStep: () => {
    if (isCounting) step += 1;
    if (step === Number(at)) process.kill(process.pid, 'SIGKILL');
  },
});
isCounting = true;
await index.createAdmin({ username: 'alice', password: PASSWORD });
process.disconnect();
