/** FRR's vrrpd on a machine: it wants a macvlan with the virtual MAC for each virtual router, and zebra beside it. */
import { eventually } from './eventually.js';
import { startFrr, vtysh } from './frr.js';
import type { Host } from './host.js';

/** One virtual router of FRR. */
export interface FrrVirtualRouter {
  readonly vrid: number;
  readonly version: 2 | 3;
  readonly family: 4 | 6;
  /** Advertisement interval, milliseconds; a multiple of 10, in version 2 of 1000. */
  readonly intervalMs: number;
  readonly address: string;
  readonly prefixLength: number;
}

/** What vrrpd says of a virtual router: Initialize, Backup or Master. */
export type FrrStatus = ReadonlyMap<number, string>;

interface FrrJson {
  readonly vrid: number;
  readonly v4: { readonly interface: string; readonly status: string };
  readonly v6: { readonly interface: string; readonly status: string };
}

/** zebra and vrrpd, running until the machine is powered off. */
export class FrrVrrp {
  private constructor(private readonly host: Host) {}

  /** Starts both with all routers on `eth0` at one priority. */
  static async start(host: Host, priority: number, routers: readonly FrrVirtualRouter[]): Promise<FrrVrrp> {
    await host.ipBatch(routers.flatMap(macvlan));
    await startFrr(host, 'vrrpd', configuration(priority, routers));
    const frr = new FrrVrrp(host);
    await eventually(
      `${host.name}: FRR's vrrpd knows its routers`,
      async () => (await frr.status()).size === routers.length,
    );
    return frr;
  }

  /** Status by VRID. */
  async status(): Promise<FrrStatus> {
    const stdout = await vtysh(this.host, 'show vrrp json');
    if (!stdout.trimStart().startsWith('[')) return new Map();
    const routers = JSON.parse(stdout) as readonly FrrJson[];
    return new Map(routers.map(({ vrid, v4, v6 }) => [vrid, v4.interface === '' ? v6.status : v4.status]));
  }
}

function macvlan({ vrid, family, address, prefixLength }: FrrVirtualRouter): string[] {
  const device = `vrrp-${vrid}`;
  const last = vrid.toString(16).padStart(2, '0');
  return [
    `link add ${device} link eth0 type macvlan mode bridge`,
    `link set ${device} address 00:00:5e:00:0${family === 4 ? 1 : 2}:${last}`,
    `address add ${address}/${prefixLength} dev ${device}${family === 6 ? ' nodad' : ''}`,
    `link set ${device} up`,
  ];
}

function configuration(priority: number, routers: readonly FrrVirtualRouter[]): string {
  const lines = routers.flatMap(({ vrid, version, family, intervalMs, address }) => [
    ` vrrp ${vrid} version ${version}`,
    ` vrrp ${vrid} priority ${priority}`,
    ` vrrp ${vrid} advertisement-interval ${intervalMs}`,
    ` vrrp ${vrid} ${family === 4 ? 'ip' : 'ipv6'} ${address}`,
  ]);
  return `${['interface eth0', ...lines].join('\n')}\n`;
}
