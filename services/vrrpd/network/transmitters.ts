import type { Kernel, VrrpSocket } from '../../shared/kernel/ports.js';
import { PROTOCOL_AH } from '../packet/authenticationHeader.js';
import { PROTOCOL_VRRP } from '../packet/pseudoHeader.js';
import type { VirtualRouter } from '../virtualRouter.js';

/** What is sent elsewhere may still come here: it is not kept. The kernel rounds up to its least. */
const LEAST_BUFFER = 1;

/**
 * Sockets that routers with a virtual MAC advertise through. They only send: advertisements are received on the base
 * interface, which hears all that its virtual interfaces do, so these join no group and cause no IGMP from the virtual MAC.
 */
export class Transmitters {
  readonly #kernel: Kernel;
  readonly #bound = new Map<VirtualRouter, { readonly key: string; readonly socket: VrrpSocket }>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** The socket a router sends through. Throws KernelError. */
  acquire(router: VirtualRouter, interfaceName: string, ifindex: number): VrrpSocket {
    const { family, auth, multicastGroup } = router.config;
    const protocol = auth.type === 'ah' ? PROTOCOL_AH : PROTOCOL_VRRP;
    const key = `${ifindex}/${family}/${protocol}/${multicastGroup.bytes.join('.')}`;
    const bound = this.#bound.get(router);
    if (bound?.key === key) return bound.socket;
    this.release(router);
    const socket = this.#kernel.openVrrpSocket({
      ifindex,
      interfaceName,
      family,
      protocol,
      multicastGroup: Buffer.from(multicastGroup.bytes),
      sendOnly: true,
      receiveBufferBytes: LEAST_BUFFER,
      onPacket: () => {},
      onError: () => {},
    });
    this.#bound.set(router, { key, socket });
    return socket;
  }

  release(router: VirtualRouter): void {
    this.#bound.get(router)?.socket.close();
    this.#bound.delete(router);
  }

  close(): void {
    for (const router of [...this.#bound.keys()]) this.release(router);
  }
}
