#!/usr/bin/env node
// node24.mjs [--dev] script.ts args…: runs a script of the clone under Node 24 with its dependencies in place.
if (Number(process.versions.node.split('.')[0]) < 20) {
  console.error(`berth: Node ${process.versions.node} is too old, Berth needs Node 20 or newer to begin`);
  process.exit(1);
}
import('./bootstrap/run.mjs').then(({ run }) => {
  const args = process.argv.slice(2);
  const dev = args[0] === '--dev';
  if (dev) args.shift();
  const [script, ...rest] = args;
  if (script === undefined) {
    console.error('berth: Which script? Usage: node24.mjs [--dev] script.ts [args…]');
    process.exit(2);
  }
  return run({ script, args: rest, dev });
});
