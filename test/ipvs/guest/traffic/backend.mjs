// A backend: node backend.mjs NAME PORT. Says its name to every connection and echoes each line. Reads orders on stdin:
// `refuse` closes the listener and keeps the connections, `accept` listens again. Plain JavaScript: it starts sooner.
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';

const [name, port] = process.argv.slice(2);
const connections = new Set();
let server;

function accept() {
  server = createServer((socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket)).on('error', () => socket.destroy());
    socket.write(`${name}\n`);
    socket.pipe(socket);
  });
  server.listen(Number(port), () => console.log('accepting'));
}

createInterface({ input: process.stdin }).on('line', (order) => {
  if (order === 'refuse') {
    server.close();
    console.log('refusing');
  }
  if (order === 'accept') accept();
});
accept();
