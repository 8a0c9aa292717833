/** Unpacks layers into a new layer store, and says how long that took: `unpack.child.ts <folder> <layers as JSON>`. */
import { openLayerStore } from '@berth/storage';
import { inputOf, type PackedLayer } from './packed-layers.ts';

const [root = '', layers = '[]'] = process.argv.slice(2);
await using store = await openLayerStore({ root, driver: 'overlay2' });
const startedAt = performance.now();
await store.apply({ layers: (JSON.parse(layers) as PackedLayer[]).map(inputOf), owner: 'bench' });
console.log((performance.now() - startedAt) / 1000);
