/** Sends VRRP packets from e0. Arguments: family, group or `-`, ttl; then per input line: source destination payload(hex) [count]. */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { KernelError } from '../../../../services/shared/kernel/ports.js';
import { SystemClock } from '../../../../services/shared/kernel/systemClock.js';
import { openVrrpSocket } from '../../../../services/shared/kernel/vrrpSocket.js';
import { parseIpAddress } from '../../../../services/shared/net/address.js';

const bytes = (text: string): Buffer => {
  const address = parseIpAddress(text);
  if (address === undefined) throw new Error(`not an address: ${text}`);
  return Buffer.from(address.bytes);
};
const [family = '4', group = '-', ttl = '255'] = process.argv.slice(2);
const socket = openVrrpSocket(
  {
    ifindex: Number(readFileSync('/sys/class/net/e0/ifindex', 'utf8')),
    interfaceName: 'e0',
    family: family === '6' ? 6 : 4,
    protocol: 112,
    ttl: Number(ttl),
    ...(group === '-' ? {} : { multicastGroup: bytes(group) }),
    onPacket: (packet) => console.log(JSON.stringify({ heard: packet.payload.toString('hex') })),
    onError: (error) => console.log(JSON.stringify({ error: error.message })),
  },
  new SystemClock(),
);
createInterface({ input: process.stdin }).on('line', (line) => {
  const [source = '', destination = '', payload = '', count = '1'] = line.split(' ');
  try {
    const data = Buffer.from(payload, 'hex');
    for (let index = 0; index < Number(count); index++) socket.send(data, bytes(source), bytes(destination));
    console.log(JSON.stringify('sent'));
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    console.log(JSON.stringify({ code: error.code, message: error.message }));
  }
});
console.log(JSON.stringify('ready'));
