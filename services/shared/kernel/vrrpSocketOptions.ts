/** What the IPv4 and IPv6 VRRP sockets have in common. */
import { SO_TIMESTAMPNS } from './arrivalClock.js';
import { ERRNO, kernelError, lastErrno, SOL_SOCKET, setIntOption, setOption, setReceiveBuffer } from './libc.js';
import type { VrrpSocketOptions } from './ports.js';

// asm-generic/socket.h
const SO_PRIORITY = 12;
const SO_BINDTODEVICE = 25;

/** DSCP CS6 (network control, RFC 4594 3.1) in the TOS byte, as routing protocols and keepalived send. */
export const TOS_NETWORK_CONTROL = 0xc0;
/** TC_PRIO_CONTROL of linux/pkt_sched.h: first band of the default queueing discipline. */
const PRIORITY_CONTROL = 7;
const DEFAULT_RECEIVE_BUFFER = 4 * 1024 * 1024;
/** Packets read per wake-up, so that a flood cannot keep the loop from its timers (about 2 ms of work). */
const PACKETS_PER_WAKEUP = 64;

/** Sets what both families share: device (if there is one), queue priority, receive buffer, the time of arrival with each packet. */
export function bindToInterface(fd: number, options: VrrpSocketOptions): void {
  if (options.ifindex !== 0) {
    setOption(fd, SOL_SOCKET, SO_BINDTODEVICE, Buffer.from(`${options.interfaceName}\0`), 'SO_BINDTODEVICE');
  }
  setIntOption(fd, SOL_SOCKET, SO_PRIORITY, PRIORITY_CONTROL, 'SO_PRIORITY');
  setIntOption(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1, 'SO_TIMESTAMPNS');
  setReceiveBuffer(fd, options.receiveBufferBytes ?? DEFAULT_RECEIVE_BUFFER);
}

/**
 * Hands out packets until the socket is empty or `PACKETS_PER_WAKEUP` are done; what is left wakes the poller again.
 * `receive` returns the bytes read or a negative number (errno is then set); `deliver` gets that count.
 */
export function receiveLoop(
  isClosed: () => boolean,
  receive: () => number,
  deliver: (bytes: number) => void,
  onError: (error: Error) => void,
  about: string,
): void {
  let bytes = 0;
  const receiveOne = (): number => {
    bytes = receive();
    return bytes < 0 ? bytes : 1;
  };
  receiveBatches(1, isClosed, receiveOne, () => deliver(bytes), onError, about);
}

/**
 * The same where `receive` takes up to `size` packets and returns how many, and `deliver` is told which of them. Fewer than
 * that: there are no more for now.
 */
export function receiveBatches(
  size: number,
  isClosed: () => boolean,
  receive: () => number,
  deliver: (index: number) => void,
  onError: (error: Error) => void,
  about: string,
): void {
  for (let count = 0; count < PACKETS_PER_WAKEUP && !isClosed(); count += size) {
    const taken = receive();
    if (taken >= 0) {
      for (let index = 0; index < taken && !isClosed(); index++) deliver(index);
      if (taken < size) return;
      continue;
    }
    const errno = lastErrno();
    if (errno === ERRNO.EAGAIN) return;
    if (errno === ERRNO.EINTR) continue;
    onError(kernelError('recv', errno, about));
    return;
  }
}
