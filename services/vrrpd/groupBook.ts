import type { Clock } from '../shared/time/clock.js';
import { micros } from '../shared/time/duration.js';
import type { SyncGroupConfig } from './config/model.js';
import type { FaultReason, RouterEvent } from './fsm/events.js';
import { followerEvent, type GroupMember, groupState, sharedFaults } from './syncGroup.js';
import type { GroupRuntime, Transition, VirtualRouter } from './virtualRouter.js';

/** A sync group at run time. */
export interface SyncGroup extends GroupRuntime {
  config: SyncGroupConfig;
  members: readonly VirtualRouter[];
}

/** Which router is in which sync group, and where the groups stand. */
export class GroupBook {
  readonly #groups = new Map<string, SyncGroup>();
  readonly #byMember = new Map<string, SyncGroup>();
  #find: (name: string) => VirtualRouter | undefined = () => undefined;

  /** Takes over the configured groups; returns the names of those that are gone. `find` looks routers up. */
  configure(configs: readonly SyncGroupConfig[], find: (name: string) => VirtualRouter | undefined): readonly string[] {
    this.#find = find;
    const wanted = new Set(configs.map((config) => config.name));
    const removed = [...this.#groups.keys()].filter((name) => !wanted.has(name));
    for (const name of removed) this.#groups.delete(name);
    this.#byMember.clear();
    for (const config of configs) {
      const known = this.#groups.get(config.name);
      const group: SyncGroup = known ?? {
        name: config.name,
        config,
        members: [],
        state: 'init',
        lastTransition: undefined,
      };
      group.config = config;
      this.#groups.set(config.name, group);
      for (const member of config.members) this.#byMember.set(member, group);
    }
    return removed;
  }

  all(): readonly SyncGroup[] {
    return [...this.#groups.values()];
  }

  get(name: string): SyncGroup | undefined {
    return this.#groups.get(name);
  }

  groupOf(member: string): SyncGroup | undefined {
    return this.#byMember.get(member);
  }

  membersOf(name: string): readonly VirtualRouter[] {
    return this.#groups.get(name)?.config.members.flatMap((member) => this.#find(member) ?? []) ?? [];
  }

  /** Why a router may not take part: its own faults first, then those its group shares. */
  faultsOf(router: VirtualRouter): readonly FaultReason[] {
    const own = ownFaults(router);
    const group = this.groupOf(router.name);
    if (own.length > 0 || group === undefined) return own;
    return sharedFaults(group.name, router.name, this.membersOf(group.name).map(asMember));
  }

  /** Why a router waits: a group begins as a whole. */
  waitsOf(router: VirtualRouter): readonly FaultReason[] {
    const group = this.groupOf(router.name);
    if (group === undefined || router.standing.waits.length > 0) return router.standing.waits;
    return this.membersOf(group.name).flatMap(({ standing }) => standing.waits);
  }

  /** What a member's transition means for the others. Each is asked when its turn comes: it may have moved by then. */
  *followers(
    name: string,
    changed: VirtualRouter,
    transition: Transition,
  ): Iterable<{ readonly member: VirtualRouter; readonly event: RouterEvent }> {
    const { from, to } = transition;
    if (to === 'stop' || to === 'deleted') return;
    for (const member of this.membersOf(name)) {
      const event = followerEvent(name, { name: changed.name, from, to }, asMember(member));
      if (event !== undefined) yield { member, event };
    }
  }

  /** The group's own transition, if the state of the whole has changed; `because` of a member's. */
  settle(name: string, because: Transition): Transition | undefined {
    const group = this.#groups.get(name);
    if (group === undefined || because.to === 'stop' || because.to === 'deleted') return undefined;
    const state = groupState(this.membersOf(name).map(asMember));
    if (state === group.state) return undefined;
    const transition: Transition = {
      ...because,
      name,
      group: true,
      from: group.state,
      to: state,
      priority: 0,
      cause: { ...because.cause, text: `${because.name}: ${because.cause.text}` },
    };
    group.state = state;
    group.lastTransition = transition;
    return transition;
  }

  /** The last transitions of all groups, when everything stops. */
  stop(clock: Clock): Transition[] {
    return this.all().map((group) => {
      const transition: Transition = {
        name: group.name,
        group: true,
        from: group.state,
        to: 'stop',
        priority: 0,
        cause: { code: 'shutdown', text: 'stopped', lateness: micros(0) },
        at: clock.wall(),
        monotonic: clock.now(),
      };
      group.state = 'init';
      group.lastTransition = transition;
      return transition;
    });
  }
}

const ownFaults = (router: VirtualRouter): readonly FaultReason[] =>
  router.socketFault === undefined ? router.standing.faults : [router.socketFault, ...router.standing.faults];

const asMember = (router: VirtualRouter): GroupMember => ({
  name: router.name,
  state: router.state.kind,
  faults: ownFaults(router),
});
