#!/usr/bin/env node
// Runs on whatever Node the user has; everything after this line of defence needs 20 or newer.
if (Number(process.versions.node.split('.')[0]) < 20) {
  console.error(`berth: Node ${process.versions.node} is too old, Berth needs Node 20 or newer to begin`);
  process.exit(1);
}
import('./bootstrap/run.mjs').then(({ run }) =>
  run({ script: new URL('../src/main.ts', import.meta.url), args: process.argv.slice(2), dev: false }),
);
