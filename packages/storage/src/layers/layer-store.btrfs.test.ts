import { DRIVERS } from '../drivers/registry.ts';
import { useFileSystem } from '../testing/loop-file-system.ts';
import { layerStoreSuite } from './testsuite.ts';

const { skip, place } = useFileSystem('btrfs');
for (const entry of DRIVERS) if (entry.name === 'btrfs') layerStoreSuite({ entry, skip, place });
