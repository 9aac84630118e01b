import type { Schedule } from '../shared/kernel/schedule.js';
import { formatIpBytes } from '../shared/net/address.js';
import { type Instant, instant, type Micros } from '../shared/time/duration.js';
import type { AddressKeeper } from './addressKeeper.js';
import type { Announcer } from './announcer.js';
import { announceTargets, upkeepOf } from './announceTargets.js';
import { causeCode, causeText } from './causeText.js';
import type { VirtualAddress } from './config/model.js';
import type { EngineHost } from './engineHost.js';
import type { RouterAction } from './fsm/actions.js';
import type { RouterEvent } from './fsm/events.js';
import { nextDeadline } from './fsm/state.js';
import { step } from './fsm/step.js';
import type { KernelState } from './kernelState.js';
import type { LinkTable } from './linkTable.js';
import { PRIORITY_STOP } from './packet/advertisement.js';
import { termsText } from './tracking.js';
import { peerOf, type Transition, type VirtualRouter } from './virtualRouter.js';

/** What a driver works with. */
export interface DriverParts {
  readonly host: EngineHost;
  readonly schedule: Schedule;
  readonly links: LinkTable;
  readonly keeper: AddressKeeper;
  readonly announcer: Announcer;
  readonly kernelState: KernelState;
  /** Another router in MASTER holds this address, so it stays. */
  readonly heldByOther: (router: VirtualRouter, ifindex: number, key: string) => boolean;
  /** Called after everything a transition asks for was done. */
  readonly entered: (router: VirtualRouter, transition: Transition, now: Instant) => void;
  /** It was to hand over, and nobody took over. */
  readonly alone: (router: VirtualRouter) => void;
  /** A rival master was heard. */
  readonly rival: (router: VirtualRouter, address: string, priority: number) => void;
}

/** Feeds events to the state machine of a router and carries out the actions, in their order. */
export class RouterDriver {
  readonly #parts: DriverParts;

  constructor(parts: DriverParts) {
    this.#parts = parts;
  }

  /** One event at `now`, acted on `lateness` after it happened. */
  dispatch(router: VirtualRouter, event: RouterEvent, now: Instant, lateness: Micros): void {
    const result = step(router.state, event, now);
    router.state = result.state;
    for (const action of result.actions) this.#execute(router, action, now, lateness);
    // Read again: an action may have moved the sync group and this router with it.
    this.#parts.schedule.set(router, nextDeadline(router.state));
  }

  /** Announces all addresses of a router, as after becoming MASTER. */
  announce(router: VirtualRouter): void {
    this.#parts.announcer.becameMaster(router, this.#targets(router, router.allVips()), router.config.garp);
  }

  /** Announces addresses that came to a router that is MASTER already. */
  announceAdded(router: VirtualRouter, vips: Iterable<VirtualAddress>): void {
    this.#parts.announcer.added(router, this.#targets(router, vips), router.config.garp);
  }

  /** Begins what a MASTER announces again and again, as it is configured now. */
  keepAnnouncing(router: VirtualRouter): void {
    this.#parts.announcer.keepUp(router, upkeepOf(router, this.#parts.links, this.#parts.keeper));
  }

  #execute(router: VirtualRouter, action: RouterAction, now: Instant, lateness: Micros): void {
    const { keeper, announcer, kernelState } = this.#parts;
    switch (action.kind) {
      case 'send-advert':
        this.#send(router, action.priority);
        return;
      case 'add-addresses': {
        const added = keeper.add(router, router.allVips());
        // A resumed master announces only what was missing; a new one gets an action of its own for that.
        if (router.resuming && added.length > 0) this.announceAdded(router, added);
        return;
      }
      case 'remove-addresses':
        announcer.cancel(router);
        // Before the addresses they may need.
        kernelState.release(router);
        keeper.remove(router, router.allVips(), (ifindex, key) => this.#parts.heldByOther(router, ifindex, key));
        return;
      case 'announce': {
        const targets = this.#targets(router, router.allVips());
        const { garp } = router.config;
        switch (action.why) {
          case 'became-master':
            announcer.becameMaster(router, targets, garp);
            return;
          case 'lower-priority-advert':
            announcer.rivalHeard(router, targets, garp);
            return;
          case 'handed-over':
            announcer.oneMore(router, targets);
        }
        return;
      }
      case 'report-rival':
        this.#parts.rival(router, formatIpBytes(action.source), action.priority);
        return;
      case 'report-alone':
        this.#parts.alone(router);
        return;
      case 'enter':
        // Neighbours have been told of the addresses by now; scripts find the routes.
        if (action.to === 'master') {
          kernelState.hold(router);
          this.keepAnnouncing(router);
        }
        this.#enter(router, action, now, lateness);
    }
  }

  #send(router: VirtualRouter, priority: number): void {
    const { socket, source, counters } = router;
    if (socket !== undefined && source !== undefined) {
      const failed: unknown[] = [];
      for (const { payload, destination, options } of router.messages(priority)) {
        try {
          socket.send(payload, source, destination, options);
        } catch (error) {
          // One peer that cannot be reached is no reason to keep it from the others.
          failed.push(error);
        }
      }
      if (priority === PRIORITY_STOP) counters.priorityZeroSent++;
      else counters.advertsSent++;
      counters.sendErrors += failed.length;
      // A goodbye that finds no way out is nothing to complain about: the link is what failed.
      if (failed.length > 0 && priority !== PRIORITY_STOP) this.#logSendError(router, failed[0]);
    }
    this.#note(router);
  }

  #enter(
    router: VirtualRouter,
    action: Extract<RouterAction, { kind: 'enter' }>,
    now: Instant,
    lateness: Micros,
  ): void {
    const { host } = this.#parts;
    const { from, cause } = action;
    if (action.to === 'master') router.counters.becameMaster++;
    if (from === 'master') router.counters.releasedMaster++;
    if (action.to === 'backup') router.prepareMessages();
    const priority = router.state.settings.priority;
    const lastAdvertAge = router.lastAdvertAge(now);
    const transition: Transition = {
      name: router.name,
      group: false,
      from,
      to: action.to === 'init' ? (router.leaving ?? 'init') : action.to,
      priority,
      cause: {
        code: causeCode(cause),
        text: causeText(cause, router.state.heard, priorityText(router), now),
        ...peerOf(cause, router.state.heard),
        ...(lastAdvertAge === undefined ? {} : { lastAdvertAge }),
        lateness,
      },
      at: host.clock.wall(),
      monotonic: now,
    };
    router.lastTransition = transition;
    this.#note(router);
    host.logger.info(
      { instance: router.name, cause: transition.cause.code },
      `(${router.name}) Entering ${transition.to.toUpperCase()} STATE: ${transition.cause.text}`,
    );
    this.#parts.entered(router, transition, now);
  }

  /** Keeps for a successor where this router stands. */
  #note(router: VirtualRouter): void {
    const { state } = router;
    const master = state.kind === 'master';
    // Its time is that of its deadline, even when it was sent a little before.
    const lastAdvertAt = master ? Math.min(state.lastAdvertAt, this.#parts.host.clock.now()) : 0;
    this.#parts.host.resume.note(router.name, master, instant(lastAdvertAt));
  }

  #targets(router: VirtualRouter, vips: Iterable<VirtualAddress>) {
    return announceTargets(router, vips, this.#parts.links, this.#parts.keeper);
  }

  #logSendError(router: VirtualRouter, error: unknown): void {
    const { sendErrors } = router.counters;
    // The first of a row and then fewer and fewer: a dead link must not fill the log.
    if ((sendErrors & (sendErrors - 1)) !== 0) return;
    const detail = error instanceof Error ? error.message : String(error);
    this.#parts.host.logger.warn(
      { instance: router.name, count: sendErrors },
      `(${router.name}) advertisement not sent: ${detail}`,
    );
  }
}

/** `80 (configured 110, script chk: exit 1 -30)`; the number alone while no tracker moves it. */
function priorityText({ standing, state }: VirtualRouter): string {
  const { priority } = state.settings;
  if (standing.terms.length < 2 || priority !== standing.effectivePriority) return String(priority);
  return `${priority} (${termsText(standing.terms)})`;
}
