import type { Clock } from '../time/clock.js';
import { TimerfdDeadlineTimer } from './deadlineTimer.js';
import { PacketFrameSender } from './frameSender.js';
import { SystemLinkControl } from './linkControl.js';
import { NftablesFirewall } from './nftables.js';
import type { Kernel } from './ports.js';
import { RtnetlinkRouteNetlink } from './routeNetlink.js';
import { RtnetlinkRouting } from './rtnetlinkRouting.js';
import { openVrrpSocket } from './vrrpSocket.js';

/**
 * The machine's kernel, in the network namespace of the calling thread.
 * `onError` gets failures that belong to no call: they should be logged, the process may go on.
 */
export function systemKernel(clock: Clock, onError: (error: Error) => void): Kernel {
  return {
    openVrrpSocket: (options) => openVrrpSocket(options, clock),
    openFrameSender: () => new PacketFrameSender(),
    openDeadlineTimer: (onExpire) => new TimerfdDeadlineTimer(onExpire, onError),
    openLinkControl: () => new SystemLinkControl(),
    openFirewall: () => new NftablesFirewall(),
    openRouteNetlink: () => new RtnetlinkRouteNetlink(onError),
    openRouting: () => new RtnetlinkRouting(onError),
  };
}
