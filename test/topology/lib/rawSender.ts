/** Sends hand-made IPv4 packets from a machine, header included, so that nothing about them has to be right. */
import koffi from 'koffi';
import type { Host } from './host.js';
import type { Closable, Lab } from './lab.js';
import { inNetworkOf } from './namespace.js';

const AF_INET = 2;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const IPPROTO_RAW = 255;
const SOL_SOCKET = 1;
const SO_BINDTODEVICE = 25;
const MSG_DONTWAIT = 0x40;

interface SocketCalls {
  readonly socket: (domain: number, type: number, protocol: number) => number;
  readonly setsockopt: (fd: number, level: number, name: number, value: Buffer, length: number) => number;
  readonly sendto: (
    fd: number,
    data: Buffer,
    length: number,
    flags: number,
    address: Buffer,
    addressLength: number,
  ) => number;
  readonly close: (fd: number) => number;
}

function loadCalls(): SocketCalls {
  const libc = koffi.load(null);
  return {
    socket: libc.func('int socket(int, int, int)'),
    setsockopt: libc.func('int setsockopt(int, int, int, void *, uint32_t)'),
    sendto: libc.func('intptr_t sendto(int, void *, size_t, int, void *, uint32_t)'),
    close: libc.func('int close(int)'),
  } as SocketCalls;
}

/** A raw socket of a machine. */
export class RawSender implements Closable {
  private constructor(
    private readonly calls: SocketCalls,
    private readonly fd: number,
  ) {}

  static open(lab: Lab, host: Host, device = 'eth0'): RawSender {
    const calls = loadCalls();
    const fd = inNetworkOf(host.pid, () => calls.socket(AF_INET, SOCK_RAW_CLOEXEC, IPPROTO_RAW));
    if (fd < 0) throw new Error(`raw socket: errno ${koffi.errno()}`);
    const name = Buffer.from(`${device}\0`);
    if (calls.setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, name.length) !== 0) {
      throw new Error(`SO_BINDTODEVICE ${device}: errno ${koffi.errno()}`);
    }
    return lab.own(new RawSender(calls, fd));
  }

  /** Sends one packet; the kernel fills in the IP checksum and the total length. */
  send(packet: Buffer): void {
    const address = Buffer.alloc(16);
    address.writeUInt16LE(AF_INET, 0);
    packet.copy(address, 4, 16, 20);
    const sent = this.calls.sendto(this.fd, packet, packet.length, MSG_DONTWAIT, address, address.length);
    if (sent !== packet.length) throw new Error(`sendto: ${sent}, errno ${koffi.errno()}`);
  }

  close(): void {
    this.calls.close(this.fd);
  }
}
