/** How large the receive buffer of a shared socket has to be (`vrrp_rx_bufs_policy`, `kernel_rx_buf_size`). Pure. */
import type { InstanceConfig } from './config/model.js';
import { AUTH_DATA_LENGTH, HEADER_LENGTH } from './packet/advertisement.js';
import { AH_LENGTH } from './packet/authenticationHeader.js';
import { TRAILER_LENGTH } from './packet/hmacTrailer.js';

const IP_HEADER = { 4: 20, 6: 40 } as const;

/** The sum of what the instances on a socket ask for; undefined when none of them asks. */
export function receiveBufferBytes(instances: readonly InstanceConfig[], mtu: number): number | undefined {
  const wanted = instances.flatMap((instance) => {
    const { receiveBuffer } = instance;
    if (receiveBuffer === undefined) return [];
    if (receiveBuffer.per === 'bytes') return [receiveBuffer.bytes];
    return [receiveBuffer.multiplier * (receiveBuffer.per === 'mtu' ? mtu : advertisementBytes(instance))];
  });
  return wanted.length === 0 ? undefined : wanted.reduce((sum, bytes) => sum + bytes, 0);
}

/** Length of an advertisement of the instance with its IP header. */
function advertisementBytes({ family, version, vips, auth, hmac }: InstanceConfig): number {
  return (
    IP_HEADER[family] +
    (auth.type === 'ah' ? AH_LENGTH : 0) +
    HEADER_LENGTH +
    vips.length * (family === 4 ? 4 : 16) +
    (version === 2 ? AUTH_DATA_LENGTH : 0) +
    (hmac === undefined ? 0 : TRAILER_LENGTH)
  );
}
