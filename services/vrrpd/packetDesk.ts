import type { ReceivedPacket } from '../shared/kernel/ports.js';
import type { Logger } from '../shared/log/logger.js';
import { compareIpBytes, formatIpBytes } from '../shared/net/address.js';
import { elapsed, type Instant, type Micros, micros, millis } from '../shared/time/duration.js';
import type { RouterEvent } from './fsm/events.js';
import { type DropReason, PRIORITY_STOP } from './packet/advertisement.js';
import type { Accepted } from './packet/receive.js';
import type { PacketListener } from './socketPool.js';
import type { VirtualRouter } from './virtualRouter.js';

const ON_TIME = micros(0);
/** Lines about drops that may be written at once, and how long it takes until there may be one more. */
const LOG_BURST = 5;
const LOG_PACE: Micros = millis(200);

/** Counts what comes in and hands sound advertisements to their routers. A packet that is dropped costs nothing more. */
export class PacketDesk implements PacketListener {
  /** Packets no instance could be found for, per interface. */
  readonly interfaceDrops = new Map<string, Map<DropReason, number>>();
  /** `log_unknown_vrids`. */
  logUnknownVrids = false;
  /** Lines that may be written now, and when that was true. */
  #lines = 0;
  #lastLine: Instant | undefined;
  readonly #logger: Logger;
  readonly #dispatch: (router: VirtualRouter, event: RouterEvent, now: Instant, lateness: Micros) => void;

  constructor(
    logger: Logger,
    dispatch: (router: VirtualRouter, event: RouterEvent, now: Instant, lateness: Micros) => void,
  ) {
    this.#logger = logger;
    this.#dispatch = dispatch;
  }

  accepted(packet: ReceivedPacket, accepted: Accepted<VirtualRouter>): void {
    const { advertisement, expectation: router, sameAddresses, challengesOwner } = accepted;
    const { counters, state } = router;
    if (router.source !== undefined && compareIpBytes(router.source, packet.source) === 0) {
      // It says nothing about another router, and believing it would make us argue with ourselves.
      this.#log(packet, 'own-address', router.name, router.countDrop('own-address'));
      return;
    }
    if (challengesOwner) this.#log(packet, 'owner', router.name, router.countDrop('owner'));
    else if (advertisement.priority === PRIORITY_STOP) counters.priorityZeroReceived++;
    else counters.advertsReceived++;
    if (!sameAddresses) this.#log(packet, 'address-list', router.name, router.countDrop('address-list'));
    // The packet's bytes are only lent; one router speaks most of the time, so its address is copied once.
    const known = state.heard?.source;
    const source =
      known !== undefined && compareIpBytes(packet.source, known) === 0 ? known : Uint8Array.from(packet.source);
    router.noteAccepted(source, accepted);
    const { priority, interval } = advertisement;
    this.#dispatch(router, { kind: 'advert', source, priority, interval }, packet.receivedAt, ON_TIME);
  }

  dropped(packet: ReceivedPacket, reason: DropReason, router: VirtualRouter | undefined, interfaceName: string): void {
    if (router !== undefined) {
      this.#log(packet, reason, router.name, router.countDrop(reason));
      return;
    }
    let drops = this.interfaceDrops.get(interfaceName);
    if (drops === undefined) {
      drops = new Map();
      this.interfaceDrops.set(interfaceName, drops);
    }
    const count = (drops.get(reason) ?? 0) + 1;
    drops.set(reason, count);
    this.#log(packet, reason, interfaceName, count);
  }

  socketError(interfaceName: string, error: Error): void {
    this.#logger.warn({ interface: interfaceName }, `VRRP socket on ${interfaceName}: ${error.message}`);
  }

  /**
   * The first of a kind, then every power of two, and not many at once: a line is written before the loop goes on, and forty
   * kinds of forged packets would write hundreds of them within a second. The counters tell everything.
   */
  #log(packet: ReceivedPacket, reason: DropReason, about: string, count: number): void {
    if ((count & (count - 1)) !== 0 || !this.#mayLog(packet.receivedAt)) return;
    // Another virtual router on the segment is nothing unusual.
    const level = reason === 'vrid' && !this.logUnknownVrids ? 'debug' : 'warn';
    const from = formatIpBytes(packet.source);
    this.#logger[level]({ reason, count, from }, `(${about}) ${DROP_TEXT[reason]} from ${from} (${count} so far)`);
  }

  #mayLog(now: Instant): boolean {
    const earned = this.#lastLine === undefined ? LOG_BURST : elapsed(this.#lastLine, now) / LOG_PACE;
    this.#lines = Math.min(LOG_BURST, this.#lines + Math.max(0, earned));
    this.#lastLine = now;
    if (this.#lines < 1) return false;
    this.#lines--;
    return true;
  }
}

const DROP_TEXT: Readonly<Record<DropReason, string>> = {
  ttl: 'dropped: TTL or hop limit is not 255, so it came through a router, or not what min_ttl and max_ttl of the peer allow;',
  length: 'dropped: wrong length',
  version: 'dropped: wrong VRRP version',
  type: 'dropped: not an advertisement',
  checksum: 'dropped: wrong checksum',
  vrid: 'dropped: no instance with that virtual_router_id;',
  owner: 'not followed: we own the addresses (priority 255), yet someone advertises them;',
  'unicast-source': 'dropped: none of the unicast peers',
  'auth-type': 'dropped: other authentication type',
  'auth-data': 'dropped: wrong password',
  'ah-header': 'dropped: no sound authentication header',
  'ah-value': 'dropped: wrong check value in the authentication header, so the passwords differ or it was altered;',
  'ah-replay': 'dropped: old sequence number in the authentication header, so it was sent again;',
  'hmac-missing': 'dropped: not signed, although auth_hmac is configured here;',
  'hmac-malformed': 'dropped: malformed auth_hmac trailer',
  'hmac-key': 'dropped: signed with a key that auth_hmac does not have here;',
  'hmac-value': 'dropped: wrong signature, so the keys differ or it was altered;',
  'hmac-stale': 'dropped: signed too long ago or in the future, so it was sent again or the clocks differ;',
  'hmac-replay': 'dropped: signed before the last one, so it was sent again;',
  interval: 'dropped: other advert_int',
  'own-address': 'dropped: sent from our own address: looped back, forged, or another machine has the address;',
  'address-list': 'advertises other addresses than virtual_ipaddress here:',
};
