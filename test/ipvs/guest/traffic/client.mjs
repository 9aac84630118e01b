// A client: reads orders on stdin, one answer line each, as JSON:
//   open ADDRESS PORT COUNT   opens connections one after another → names of the backends, '' for one that could not be had
//   beat                      sends a line on every connection and waits for its echo → [{name, alive}]
import { createConnection } from 'node:net';
import { createInterface } from 'node:readline';

const LIMIT_MS = 10_000;
const connections = [];

/** One line from a connection; undefined when it ended or nothing came in time. */
function line(connection) {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), LIMIT_MS);
    connection.heard = (text) => {
      clearTimeout(timer);
      resolve(text);
    };
    if (connection.lines.length > 0) connection.heard(connection.lines.shift());
    else if (connection.ended) connection.heard(undefined);
  });
}

async function open(address, port) {
  const socket = createConnection({ host: address, port, timeout: LIMIT_MS });
  const connection = { socket, lines: [], ended: false, heard: undefined, name: '', rest: '' };
  socket.on('data', (data) => {
    const parts = (connection.rest + data).split('\n');
    connection.rest = parts.pop();
    for (const part of parts) connection.heard ? connection.heard(part) : connection.lines.push(part);
  });
  const end = () => {
    connection.ended = true;
    connection.heard?.(undefined);
  };
  socket
    .on('timeout', () => {})
    .on('error', end)
    .on('close', end);
  connection.name = (await line(connection)) ?? '';
  connection.heard = undefined;
  if (connection.name === '') socket.destroy();
  else connections.push(connection);
  return connection.name;
}

async function beat(connection, number) {
  if (!connection.ended) connection.socket.write(`${number}\n`);
  const echo = await line(connection);
  connection.heard = undefined;
  return { name: connection.name, alive: echo === String(number) };
}

let beats = 0;
for await (const order of createInterface({ input: process.stdin })) {
  const [verb, address, port, count] = order.split(' ');
  if (verb === 'open') {
    const names = [];
    for (let n = 0; n < Number(count); n++) names.push(await open(address, Number(port)));
    console.log(JSON.stringify(names));
  } else {
    const number = ++beats;
    console.log(JSON.stringify(await Promise.all(connections.map((connection) => beat(connection, number)))));
  }
}
