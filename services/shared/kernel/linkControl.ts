import { readFileSync, writeFileSync } from 'node:fs';
import { addressOf, closeFd, libc, openSocket, stableBuffer } from './libc.js';
import {
  encodeInterfaceSetting,
  encodeLinkCreate,
  encodeLinkMaster,
  encodeLinkRemove,
  encodeLinkUp,
  encodeNoLinkLocal,
} from './linkCodec.js';
import type { CarrierMethod, LinkControl, VirtualLinkSpec } from './linkPorts.js';
import { NETLINK_ROUTE, NetlinkSocket } from './netlinkSocket.js';
import type { KernelResult } from './ports.js';

const AF_INET = 2;
const SOCK_DGRAM = 2;

// linux/sockios.h, linux/mii.h, linux/ethtool.h, linux/if.h
const SIOCGIFFLAGS = 0x8913;
const SIOCGIFINDEX = 0x8933;
const SIOCETHTOOL = 0x8946;
const SIOCGMIIPHY = 0x8947;
const SIOCGMIIREG = 0x8948;
const ETHTOOL_GLINK = 0x0a;
const MII_BMSR = 1;
const BMSR_LSTATUS = 0x0004;
const BMSR_ABSENT = 0xffff;
const IFF_UP = 0x1;
const IFF_RUNNING = 0x40;
/** struct ifreq: name, then a union of 24 bytes. */
const IFREQ_BYTES = 40;
const IFNAMSIZ = 16;
const ENODEV = 19;

const DEVCONF = /^net\/ipv4\/conf\/(?<name>[^/]+)\/(?<setting>[^/]+)$/;

/** The real one: rtnetlink requests, files below /proc/sys, and a socket for ioctl. */
export class SystemLinkControl implements LinkControl {
  readonly #netlink = new NetlinkSocket(NETLINK_ROUTE, 'rtnetlink links');
  #ioctlFd: number | undefined;

  create(specs: readonly VirtualLinkSpec[]): readonly KernelResult[] {
    const about = (index: number): string => {
      const spec = specs[index];
      return spec === undefined ? '' : `${spec.kind} ${spec.name}`;
    };
    const results = this.#netlink.batch(
      'RTM_NEWLINK',
      specs.map((spec) => (sequence: number) => encodeLinkCreate(sequence, spec)),
      about,
    );
    const made = specs.filter((_, index) => results[index]?.ok === true);
    // Fails where IPv6 is switched off: then there are no link-local addresses either.
    this.#netlink.batch(
      'RTM_NEWLINK',
      made.map(
        ({ name }) =>
          (sequence: number) =>
            encodeNoLinkLocal(sequence, name),
      ),
      about,
    );
    return results;
  }

  remove(ifindexes: readonly number[]): readonly KernelResult[] {
    const requests = ifindexes.map((ifindex) => (sequence: number) => encodeLinkRemove(sequence, ifindex));
    const results = this.#netlink.batch('RTM_DELLINK', requests, (index) => `interface ${ifindexes[index]}`);
    return results.map((result) => (result.ok || result.error.errno !== ENODEV ? result : { ok: true }));
  }

  setUp(ifindexes: readonly number[]): readonly KernelResult[] {
    const requests = ifindexes.map((ifindex) => (sequence: number) => encodeLinkUp(sequence, ifindex));
    return this.#netlink.batch('RTM_NEWLINK up', requests, (index) => `interface ${ifindexes[index]}`);
  }

  setMaster(ifindex: number, master: number): KernelResult {
    const request = (sequence: number): Buffer => encodeLinkMaster(sequence, ifindex, master);
    const [result] = this.#netlink.batch('RTM_NEWLINK master', [request], () => `interface ${ifindex}`);
    return result ?? { ok: true };
  }

  readSetting(path: string): string | undefined {
    try {
      return readFileSync(`/proc/sys/${path}`, 'latin1').trim();
    } catch {
      // Not there in this kernel, for this interface, or without IPv6: there is nothing to set either.
      return undefined;
    }
  }

  writeSetting(path: string, value: string): void {
    try {
      writeFileSync(`/proc/sys/${path}`, value);
    } catch (error) {
      // Containers have a read-only /proc/sys, and yet may change their interfaces by netlink.
      if (!this.#writeByNetlink(path, value)) throw error;
    }
  }

  carrier(name: string, method: CarrierMethod): boolean | undefined {
    const request = ifreq(name);
    switch (method) {
      case 'mii': {
        if (!this.#ioctl(SIOCGMIIPHY, request)) return undefined;
        request.writeUInt16LE(MII_BMSR, IFNAMSIZ + 2);
        // The bit of a lost link is latched until it is read: the second reading tells what is now.
        if (!this.#ioctl(SIOCGMIIREG, request) || !this.#ioctl(SIOCGMIIREG, request)) return undefined;
        const status = request.readUInt16LE(IFNAMSIZ + 6);
        return status === BMSR_ABSENT ? undefined : (status & BMSR_LSTATUS) !== 0;
      }
      case 'ethtool': {
        // struct ethtool_value: command, data.
        const value = Buffer.alloc(8);
        value.writeUInt32LE(ETHTOOL_GLINK, 0);
        const answer = this.#ethtool(request, value);
        return answer ? value.readUInt32LE(4) !== 0 : undefined;
      }
      case 'ioctl': {
        if (!this.#ioctl(SIOCGIFFLAGS, request)) return undefined;
        const flags = request.readUInt16LE(IFNAMSIZ);
        return (flags & (IFF_UP | IFF_RUNNING)) === (IFF_UP | IFF_RUNNING);
      }
    }
  }

  close(): void {
    this.#netlink.close();
    if (this.#ioctlFd !== undefined) closeFd(this.#ioctlFd);
    this.#ioctlFd = undefined;
  }

  #writeByNetlink(path: string, value: string): boolean {
    const { name, setting } = DEVCONF.exec(path)?.groups ?? {};
    if (name === undefined || setting === undefined) return false;
    const request = ifreq(name);
    if (!this.#ioctl(SIOCGIFINDEX, request)) return false;
    const ifindex = request.readInt32LE(IFNAMSIZ);
    const encode = (sequence: number) => encodeInterfaceSetting(sequence, ifindex, setting, Number(value));
    if (encode(0) === undefined) return false;
    const [result] = this.#netlink.batch(
      'RTM_NEWLINK setting',
      [(sequence) => encode(sequence) ?? Buffer.alloc(0)],
      () => path,
    );
    return result?.ok === true;
  }

  #ethtool(request: Buffer, value: Buffer): boolean {
    const memory = stableBuffer(value.length);
    value.copy(memory);
    request.writeBigUInt64LE(addressOf(memory), IFNAMSIZ);
    const done = this.#ioctl(SIOCETHTOOL, request);
    memory.copy(value);
    return done;
  }

  #ioctl(request: number, argument: Buffer): boolean {
    this.#ioctlFd ??= openSocket(AF_INET, SOCK_DGRAM, 0, 'socket for ioctl');
    return libc.ioctl(this.#ioctlFd, request, argument) >= 0;
  }
}

function ifreq(name: string): Buffer {
  const request = stableBuffer(IFREQ_BYTES);
  request.write(name, 0, IFNAMSIZ - 1);
  return request;
}
