/** `serve <protocol> <host> <port> <name>`: says who it is and who asked. `ask <protocol> <host> <port> <from port>`: prints that. */
import { createSocket } from 'node:dgram';
import { connect, createServer } from 'node:net';

const [role, protocol, host = '', port = '0', last = ''] = process.argv.slice(2);
const isIpv6 = host.includes(':');

if (role === 'serve' && protocol === 'tcp') {
  createServer((socket) => {
    socket.on('error', () => undefined).end(`${last} ${socket.remoteAddress}`);
  }).listen(Number(port), host, () => console.log('ready'));
} else if (role === 'serve') {
  const socket = createSocket(isIpv6 ? 'udp6' : 'udp4');
  socket.on('message', (_, from) => socket.send(`${last} ${from.address}`, from.port, from.address));
  socket.bind(Number(port), host, () => console.log('ready'));
} else if (protocol === 'tcp') {
  const socket = connect({ host, port: Number(port), timeout: 1500 });
  let text = '';
  socket.setEncoding('utf8').on('data', (more) => {
    text += more;
  });
  socket.on('timeout', () => process.exit(1)).on('error', () => process.exit(1));
  socket.on('close', () => {
    console.log(text);
    process.exit(text === '' ? 1 : 0);
  });
} else {
  const socket = createSocket(isIpv6 ? 'udp6' : 'udp4');
  socket.on('error', () => process.exit(1));
  socket.on('message', (text) => {
    console.log(text.toString());
    process.exit(0);
  });
  socket.bind(Number(last), () => socket.send('who', Number(port), host));
  setTimeout(() => process.exit(1), 1500);
}
