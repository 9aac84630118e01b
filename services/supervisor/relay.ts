/**
 * The relay rules of the architecture: who is told what when something happens. Decides only; `relayPumps.ts` talks.
 * Pure.
 *
 * 1. Whatever an event asks to be told to people and scripts → notifierd.
 * 2. healthcheckerd's desired table → ipvsd: whole after every (re)connection of either, changes as they happen.
 * 3. vrrpd's addresses → healthcheckerd, whenever their presence changes and after every reconnection.
 * 4. The state of the VRRP instance that ipvsd's sync daemon follows → ipvsd, likewise.
 * 5. bfdd's sessions → vrrpd and healthcheckerd, those each follows, whole, whenever one changed and after every reconnection.
 * 6. The ways are apart: notifierd being slow delays none of the others.
 */
import type { Origin } from '../shared/rpc/generated/keepwatch/v1/common.js';
import type { SetSyncRoleRequest } from '../shared/rpc/generated/keepwatch/v1/ipvs.js';
import type { ServiceEvent, ServiceState } from '../shared/rpc/generated/keepwatch/v1/lifecycle.js';
import { VrrpStateName, type VrrpVirtualAddress } from '../shared/rpc/generated/keepwatch/v1/vrrp.js';
import type { ServiceName } from '../shared/rpc/service.js';
import { IpvsOutbox } from './ipvsOutbox.js';
import {
  isNewer,
  type Mirror,
  type MirrorPosition,
  positionOf,
  stateIn,
  withEvent,
  without,
  withState,
} from './mirror.js';
import { NotifyOutbox } from './notifyOutbox.js';
import { SessionOutbox } from './sessionOutbox.js';

export class Relay {
  readonly notifications: NotifyOutbox;
  readonly ipvs = new IpvsOutbox();
  readonly sessions = { vrrpd: new SessionOutbox('tellsVrrp'), healthcheckerd: new SessionOutbox('tellsCheckers') };
  readonly #positions = new Map<string, MirrorPosition>();
  /** What services told before their first configuration was in force. */
  #unconfigured: Mirror = {};
  /** Incarnation of each service that told its whole state with a configuration in force. */
  readonly #stated = new Map<string, string>();
  #mirror: Mirror = {};
  #healthConfigured = false;
  #vrrpConfigured = false;
  #informed: string | undefined;
  #syncRoleTold: string | undefined;

  constructor(notifications = new NotifyOutbox()) {
    this.notifications = notifications;
  }

  get mirror(): Mirror {
    return this.#mirror;
  }

  /**
   * Takes what a service has told until then for its state, if that is all of it: it need not tell it again. Only for those whose
   * events carry everything that changes.
   */
  follow(origin: Origin): boolean {
    const { service, incarnation, sequence } = origin;
    const known = this.#positions.get(service);
    if (known?.incarnation !== incarnation || known.sequence < sequence) return false;
    if (this.#stated.get(service) === incarnation) return true;
    const state = stateIn(this.#unconfigured, service);
    if (state === undefined) return false;
    this.state({ ...origin, sequence: known.sequence }, state);
    return true;
  }

  /** A service told its whole state. */
  state(origin: Origin, state: ServiceState): void {
    this.#positions.set(origin.service, positionOf(origin));
    // Before its first Configure a service knows nothing: its empty state must not wipe what the kernel holds.
    if (origin.generation === 0n) {
      this.#stated.delete(origin.service);
      this.#unconfigured = withState(this.#unconfigured, state);
      return;
    }
    this.#unconfigured = without(this.#unconfigured, origin.service);
    this.#stated.set(origin.service, origin.incarnation);
    this.#mirror = withState(this.#mirror, state);
    if (state.state?.$case === 'vrrp') this.#vrrpConfigured = true;
    if (state.state?.$case === 'health') {
      this.#healthConfigured = true;
      this.ipvs.replaceAll(state.state.value.desired);
    }
  }

  /**
   * A service told its counters and ages when asked. Only shown: the events on their way are still to be relayed, so the
   * place in their sequence stays.
   */
  refresh(origin: Origin, state: ServiceState): void {
    const known = this.#positions.get(origin.service);
    if (origin.generation === 0n || known?.incarnation !== origin.incarnation || origin.sequence < known.sequence)
      return;
    this.#mirror = withState(this.#mirror, state);
  }

  /** The part of an event that people and scripts wait for. */
  notify(origin: Origin, { notifications }: ServiceEvent): void {
    // notifierd's own results must not become notifications about notifications.
    if (origin.service !== 'notifierd') this.notifications.add(origin, notifications);
  }

  /** A service told an event, possibly again. */
  event(origin: Origin, event: ServiceEvent): void {
    this.notify(origin, event);
    if (!isNewer(this.#positions.get(origin.service), origin)) return;
    this.#positions.set(origin.service, positionOf(origin));
    if (origin.generation === 0n) {
      // While it puts its first configuration in force.
      this.#unconfigured = withEvent(this.#unconfigured, event);
      return;
    }
    this.#mirror = withEvent(this.#mirror, event);
    if (event.event?.$case === 'health' && this.#healthConfigured) {
      this.ipvs.change(event.event.value.desired, event.event.value.removedDesired);
    }
  }

  /** A service was connected (again) and has its configuration: what it may have missed is told whole. */
  connected(service: ServiceName): void {
    if (service === 'ipvsd' && this.#healthConfigured && this.#mirror.health !== undefined) {
      this.ipvs.replaceAll(this.#mirror.health.desired);
    }
    this.configured(service);
  }

  /** A service has another configuration: what follows from that besides its own doing is told again. It still has its table. */
  configured(service: ServiceName): void {
    if (service === 'ipvsd') this.#syncRoleTold = undefined;
    if (service === 'healthcheckerd') this.#informed = undefined;
    if (service === 'vrrpd' || service === 'healthcheckerd') this.sessions[service].failed();
  }

  /** An Apply failed: the whole table has to be said again. */
  applyFailed(): void {
    this.connected('ipvsd');
  }

  /** The addresses to tell healthcheckerd, when they are not those told last. */
  takeAddresses(): readonly VrrpVirtualAddress[] | undefined {
    if (!this.#vrrpConfigured) return undefined;
    const addresses = (this.#mirror.vrrp?.instances ?? []).flatMap((instance) => instance.addresses);
    const text = JSON.stringify(addresses);
    if (text === this.#informed) return undefined;
    this.#informed = text;
    return addresses;
  }

  /** The state of the instance that the sync daemon follows, when it is not the one told last. */
  takeSyncRole(): SetSyncRoleRequest | undefined {
    const name = this.#mirror.ipvs?.syncInstance ?? '';
    if (!this.#vrrpConfigured || name === '') return undefined;
    const instance = this.#mirror.vrrp?.instances.find((candidate) => candidate.name === name);
    if (instance === undefined) return undefined;
    const role: SetSyncRoleRequest = {
      instance: name,
      master: instance.state === VrrpStateName.VRRP_STATE_NAME_MASTER,
      virtualRouterId: instance.vrid,
    };
    const text = JSON.stringify(role);
    if (text === this.#syncRoleTold) return undefined;
    this.#syncRoleTold = text;
    return role;
  }

  /** SetSyncRole failed: to be told again. */
  syncRoleFailed(): void {
    this.#syncRoleTold = undefined;
  }

  /** InformVrrp failed: to be told again. */
  informFailed(): void {
    this.#informed = undefined;
  }
}
