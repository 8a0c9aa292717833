/**
 * The only program that a guest starts by itself: it runs commands that come through the port named in its first argument, and
 * has the TCP ports named in the others (`10.0.2.2:5000`) on its own loopback. Without arguments it does nothing, so that its files
 * can be compiled before.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createReadStream, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { type Command, FrameReader, type FromGuest, frame, type ToGuest } from './frames.ts';

const PORTS = '/sys/class/virtio-ports';
const [, , name, ...addresses] = process.argv;
const port = name === undefined ? undefined : openSync(findPort(name), 'r+');
const running = new Map<number, ChildProcess>();
for (const address of addresses) forward(address);
if (port !== undefined) await serve(port);

async function serve(fd: number): Promise<void> {
  send({ ready: true });
  const reader = new FrameReader<ToGuest>();
  for await (const text of createReadStream('', { fd, encoding: 'utf8', autoClose: false })) {
    for (const order of reader.push(text as string)) {
      if ('start' in order) start(order.id, order.start);
      else running.get(order.id)?.kill(order.signal);
    }
  }
}

function start(id: number, { program, args, cwd = '/root', env, input }: Command): void {
  const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: 'pipe' });
  running.set(id, child);
  child.stdout.setEncoding('utf8').on('data', (stdout: string) => send({ id, stdout }));
  child.stderr.setEncoding('utf8').on('data', (stderr: string) => send({ id, stderr }));
  // A program that does not read its input closes the pipe; its exit code tells more than our EPIPE.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input === undefined ? undefined : Buffer.from(input, 'base64'));
  child.once('error', (error) => {
    send({ id, stderr: `${error.message}\n` });
    if (child.pid === undefined) end(id, null);
  });
  child.once('close', (code, signal) => end(id, signal ?? code));
}

function forward(address: string): void {
  const [host = '', to = ''] = address.split(':');
  const server = createServer({ allowHalfOpen: true }, (near) => {
    joinSockets(near, connect({ host, port: Number(to), allowHalfOpen: true }));
  });
  server.listen(Number(to), '127.0.0.1');
}

function joinSockets(near: Socket, far: Socket): void {
  for (const [from, to] of [
    [near, far],
    [far, near],
  ] as const) {
    from.pipe(to);
    // What one side breaks off ends for the other.
    from.on('error', () => to.destroy());
    from.once('close', () => to.destroy());
  }
}

function end(id: number, ended: number | NodeJS.Signals | null): void {
  if (running.delete(id)) send({ id, ended });
}

function send(value: FromGuest): void {
  if (port === undefined) return;
  const bytes = Buffer.from(frame(value));
  for (let at = 0; at < bytes.length; ) at += writeSync(port, bytes, at);
}

function findPort(wanted: string): string {
  const found = readdirSync(PORTS).find(
    (one) => readFileSync(join(PORTS, one, 'name'), 'utf8').trim() === wanted,
  );
  if (found === undefined) throw new Error(`There is no port "${wanted}"`);
  return join('/dev', found);
}
