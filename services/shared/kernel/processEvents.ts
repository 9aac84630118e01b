/**
 * Starts and ends of processes as the kernel tells them: the proc connector (linux/cn_proc.h, Documentation/driver-api/
 * connector.rst). Only in the initial network, user and process namespaces; elsewhere the kernel refuses.
 */
import { check, closeFd, ERRNO, int32, kernelError, lastErrno, libc, openSocket, setReceiveBuffer } from './libc.js';
import { Poller } from './poller.js';

// linux/netlink.h, linux/connector.h, linux/cn_proc.h
const AF_NETLINK = 16;
const SOCK_DGRAM = 2;
const NETLINK_CONNECTOR = 11;
const NLMSG_DONE = 3;
const CN_IDX_PROC = 1;
const CN_VAL_PROC = 1;
const PROC_CN_MCAST_LISTEN = 1;
const NETLINK_HEADER = 16;
const CONNECTOR_HEADER = 20;
const EVENT_DATA = NETLINK_HEADER + CONNECTOR_HEADER + 16;
const WHAT = { none: 0, fork: 1, exec: 2, comm: 0x200, exit: 0x8000_0000 } as const;
const BUFFER_BYTES = 8 * 1024;
const DEFAULT_RECEIVE_BUFFER = 1 << 20;

/** What happened to a process. Threads are left out. */
export type ProcessEvent =
  | { readonly kind: 'fork'; readonly parent: number; readonly pid: number }
  | { readonly kind: 'exec'; readonly pid: number }
  /** It has another name now (prctl PR_SET_NAME). */
  | { readonly kind: 'comm'; readonly pid: number }
  | { readonly kind: 'exit'; readonly pid: number }
  /** The kernel's answer to our asking; 0: it will tell. */
  | { readonly kind: 'ack'; readonly errno: number };

/** Reads one message; undefined for what does not matter here. Pure. */
export function decodeProcessEvent(message: Buffer): ProcessEvent | undefined {
  if (message.length < EVENT_DATA + 8) return undefined;
  const what = message.readUInt32LE(NETLINK_HEADER + CONNECTOR_HEADER);
  const word = (index: number): number => message.readInt32LE(EVENT_DATA + index * 4);
  switch (what) {
    case WHAT.none:
      return { kind: 'ack', errno: word(0) };
    case WHAT.fork: {
      if (message.length < EVENT_DATA + 16) return undefined;
      const [parent, pid, group] = [word(1), word(2), word(3)];
      return pid === group ? { kind: 'fork', parent, pid } : undefined;
    }
    case WHAT.exec:
      return { kind: 'exec', pid: word(1) };
    case WHAT.comm:
      return word(0) === word(1) ? { kind: 'comm', pid: word(1) } : undefined;
    case WHAT.exit:
      return word(0) === word(1) ? { kind: 'exit', pid: word(1) } : undefined;
    default:
      return undefined;
  }
}

/** What a monitor tells. */
export interface ProcessMonitorEvents {
  readonly onEvent: (event: ProcessEvent) => void;
  /** Events were lost (ENOBUFS): what is known has to be read anew. */
  readonly onLost: () => void;
  readonly onError: (error: Error) => void;
}

/** An open monitor. */
export interface ProcessMonitor {
  close(): void;
}

/** Opens a monitor of all processes of the machine. */
export type OpenProcessMonitor = (events: ProcessMonitorEvents, receiveBuffer?: number) => ProcessMonitor;

/**
 * Opens the proc connector. Throws KernelError: ECONNREFUSED or EPROTONOSUPPORT in a network namespace of its own, EPERM
 * without CAP_NET_ADMIN. In a user or process namespace the kernel takes the request and sends no `ack`, or one with EPERM.
 */
export const openProcessMonitor: OpenProcessMonitor = (events, receiveBuffer = DEFAULT_RECEIVE_BUFFER) => {
  const fd = openSocket(AF_NETLINK, SOCK_DGRAM, NETLINK_CONNECTOR, 'proc connector');
  try {
    setReceiveBuffer(fd, receiveBuffer);
    check('bind', libc.bind(fd, netlinkAddress(0, CN_IDX_PROC), 12), 'proc connector');
    const request = listenRequest();
    const sent = libc.sendto(fd, request, request.length, 0, netlinkAddress(0, 0), 12);
    check('sendto', sent, 'proc connector');
  } catch (error) {
    closeFd(fd);
    throw error;
  }
  const buffer = Buffer.alloc(BUFFER_BYTES);
  const sender = Buffer.alloc(12);
  const senderLength = int32(12);
  let closed = false;
  const poller = new Poller(fd, 'proc connector', {
    onReadable: () => {
      while (!closed) {
        senderLength.writeInt32LE(12, 0);
        const length = libc.recvfrom(fd, buffer, buffer.length, 0, sender, senderLength);
        if (length < 0) {
          const errno = lastErrno();
          if (errno === ERRNO.EAGAIN || errno === ERRNO.EINTR) return;
          if (errno === ERRNO.ENOBUFS) {
            events.onLost();
            continue;
          }
          throw kernelError('recvfrom', errno, 'proc connector');
        }
        // Anybody may send to a netlink socket; only the kernel's port is 0.
        if (sender.readUInt32LE(4) !== 0) continue;
        const event = decodeProcessEvent(buffer.subarray(0, length));
        if (event !== undefined) events.onEvent(event);
      }
    },
    onError: (error) => ('code' in error && error.code === 'ENOBUFS' ? events.onLost() : events.onError(error)),
  });
  return {
    close: () => {
      closed = true;
      poller.close();
    },
  };
};

/** struct sockaddr_nl */
function netlinkAddress(port: number, groups: number): Buffer {
  const address = Buffer.alloc(12);
  address.writeUInt16LE(AF_NETLINK, 0);
  address.writeUInt32LE(port, 4);
  address.writeUInt32LE(groups, 8);
  return address;
}

function listenRequest(): Buffer {
  const message = Buffer.alloc(NETLINK_HEADER + CONNECTOR_HEADER + 4);
  message.writeUInt32LE(message.length, 0);
  message.writeUInt16LE(NLMSG_DONE, 4);
  message.writeUInt32LE(CN_IDX_PROC, NETLINK_HEADER);
  message.writeUInt32LE(CN_VAL_PROC, NETLINK_HEADER + 4);
  message.writeUInt16LE(4, NETLINK_HEADER + 16);
  message.writeUInt32LE(PROC_CN_MCAST_LISTEN, NETLINK_HEADER + CONNECTOR_HEADER);
  return message;
}
