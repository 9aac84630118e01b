/** Prints every VRRP packet that arrives on e0. Arguments: family, multicast group (or `-` for unicast). */

import { readFileSync } from 'node:fs';
import { SystemClock } from '../../../../services/shared/kernel/systemClock.js';
import { openVrrpSocket } from '../../../../services/shared/kernel/vrrpSocket.js';
import { formatIpBytes, parseIpAddress } from '../../../../services/shared/net/address.js';

const [family = '4', group = '-', quiet] = process.argv.slice(2);
const ifindex = Number(readFileSync('/sys/class/net/e0/ifindex', 'utf8'));
const address = group === '-' ? undefined : parseIpAddress(group);
let count = 0;
const socket = openVrrpSocket(
  {
    ifindex,
    interfaceName: 'e0',
    family: family === '6' ? 6 : 4,
    protocol: 112,
    ...(address === undefined ? {} : { multicastGroup: Buffer.from(address.bytes) }),
    onPacket: (packet) => {
      count += 1;
      if (quiet !== undefined) return;
      console.log(
        JSON.stringify({
          payload: packet.payload.toString('hex'),
          source: formatIpBytes(packet.source),
          destination: formatIpBytes(packet.destination),
          ttl: packet.ttl,
          protocol: packet.protocol,
          header: packet.ipHeader.toString('hex'),
          age: Number(process.hrtime.bigint() / 1000n) - packet.receivedAt,
        }),
      );
    },
    onError: (error) => console.log(JSON.stringify({ error: error.message })),
  },
  new SystemClock(),
);
process.stdin.on('data', (data) => {
  if (data.toString().startsWith('count')) console.log(JSON.stringify({ count }));
  else {
    socket.close();
    process.stdin.pause();
  }
});
console.log(JSON.stringify('ready'));
