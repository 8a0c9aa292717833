/** Pushes one blob and ends itself by SIGKILL at the named step. Started by crash.test.ts. */
import { openFolderBlobStore } from '../../index.ts';

const [path = '', fatalStep, size = '0'] = process.argv.slice(2);

async function* body(): AsyncGenerator<Uint8Array> {
  const chunk = Buffer.alloc(64 * 1024, 'crash');
  for (let left = Number(size); left > 0; left -= chunk.length) {
    yield chunk.subarray(0, Math.min(left, chunk.length));
  }
}

const store = await openFolderBlobStore({
  path,
  syncEveryBytes: 1024 * 1024,
  onStep(step) {
    if (step === fatalStep) process.kill(process.pid, 'SIGKILL');
  },
});
const ingest = await store.startIngest('crashing');
await ingest.write(body());
await ingest.commit();
console.log('committed');
