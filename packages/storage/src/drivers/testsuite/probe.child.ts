/** `node probe.child.ts <driver> <folder>`: prints what the driver's probe says of the folder, as JSON. */
import { DRIVERS } from '../registry.ts';

const [, , name, home = ''] = process.argv;
const entry = DRIVERS.find((one) => one.name === name);
console.log(JSON.stringify(await entry?.probe(home)));
