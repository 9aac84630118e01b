/** A small network of engines on fake kernels, under one clock. */
import { FakeKernel } from '../../../services/shared/kernel/fakeKernel.js';
import { MemoryText } from '../../../services/shared/kernel/fakeLinkControl.js';
import { FakeWorld } from '../../../services/shared/kernel/fakeWorld.js';
import { silentLogger } from '../../../services/shared/log/logger.js';
import { parseIpAddress } from '../../../services/shared/net/address.js';
import { FakeClock } from '../../../services/shared/time/clock.js';
import { micros, seconds } from '../../../services/shared/time/duration.js';
import type {
  InstanceConfig,
  NotifyConfig,
  SyncGroupConfig,
  VirtualAddress,
  VrrpConfig,
} from '../../../services/vrrpd/config/model.js';
import { VrrpEngine } from '../../../services/vrrpd/engine.js';
import type { EngineChange } from '../../../services/vrrpd/engineHost.js';
import { ResumeRecord, type ResumeSlots } from '../../../services/vrrpd/resumeRecord.js';
import type { SpeakerRight } from '../../../services/vrrpd/speakerLock.js';
import { openNoWatch } from '../../../services/vrrpd/track/watch.js';

export const position = { file: 'test.conf', line: 1, column: 1 };

export const ip = (text: string) => {
  const parsed = parseIpAddress(text);
  if (parsed === undefined) throw new Error(`not an address: ${text}`);
  return parsed;
};

export const vip = (text: string, changes: Partial<VirtualAddress> = {}): VirtualAddress => {
  const [address = '', prefix = '32'] = text.split('/');
  return { address: ip(address), prefixLength: Number(prefix), flags: 0, noTrack: false, position, ...changes };
};

export const NO_NOTIFY: NotifyConfig = { smtpAlert: false, priorityChanges: false };

export const instance = (changes: Partial<InstanceConfig> = {}): InstanceConfig => ({
  name: 'VI_1',
  position,
  interface: 'eth0',
  vrid: 51,
  family: 4,
  version: 2,
  initialState: 'backup',
  priority: 100,
  advertInterval: seconds(1),
  preempt: true,
  preemptDelay: micros(0),
  auth: { type: 'pass', password: Buffer.from('1111') },
  election: { downTimerAdverts: 3, answerLowerPriority: true, lastWord: true },
  skipAddressCheck: false,
  strict: false,
  checksumV3: 'pseudo-header',
  trackSource: false,
  vips: [vip('10.0.0.100/24')],
  excludedVips: [],
  routes: [],
  rules: [],
  promoteSecondaries: false,
  trackInterfaces: [],
  trackers: [],
  trackPrimary: true,
  multicastGroup: ip('224.0.0.18'),
  garp: {
    masterDelay: seconds(5),
    masterRepeat: 5,
    masterRefresh: micros(0),
    masterRefreshRepeat: 1,
    lowerPriorityDelay: seconds(5),
    lowerPriorityRepeat: 5,
    extraInterval: micros(0),
    extraOnAll: false,
  },
  notify: NO_NOTIFY,
  debug: false,
  ...changes,
});

export const group = (members: readonly string[], changes: Partial<SyncGroupConfig> = {}): SyncGroupConfig => ({
  name: 'VG_1',
  position,
  members,
  trackInterfaces: [],
  trackers: [],
  notify: NO_NOTIFY,
  ...changes,
});

export const config = (instances: readonly InstanceConfig[], groups: readonly SyncGroupConfig[] = []): VrrpConfig => ({
  global: {
    routerId: 'R1',
    startupDelay: micros(0),
    delayAfterBoot: micros(0),
    logUnknownVrids: false,
    mailConfigured: true,
    fifoConfigured: true,
    statesOnReload: false,
    scriptRules: { security: false },
    scheduling: {},
    automaticPriority: {},
  },
  instances,
  groups,
  trackScripts: [],
  trackFiles: [],
  trackProcesses: [],
  interfaceDelays: [],
  pacing: { garpInterval: micros(0), gnaInterval: micros(0), groups: [] },
  statics: { addresses: [], routes: [], rules: [], groups: [] },
});

/** Slots that outlive an engine, as a file does. */
export class MemorySlots implements ResumeSlots {
  readonly slots = new Map<number, Buffer>();
  records(): Map<number, Buffer> {
    return new Map([...this.slots].map(([slot, record]) => [slot, Buffer.from(record)]));
  }
  write(slot: number, record: Buffer): void {
    this.slots.set(slot, Buffer.from(record));
  }
  clear(slot: number): void {
    this.slots.delete(slot);
  }
  close(): void {}
}

/** The right to speak, shared by those who are given the same `holders`. */
export class MemoryRight implements SpeakerRight {
  readonly #shared: { holder: number | undefined; gone: Set<() => void> };
  readonly #pid: number;

  constructor(shared: { holder: number | undefined; gone: Set<() => void> } = newRight(), pid = 1) {
    this.#shared = shared;
    this.#pid = pid;
  }

  take(): ReturnType<SpeakerRight['take']> {
    const { holder } = this.#shared;
    if (holder !== undefined && holder !== this.#pid) return { ok: false, heldBy: holder };
    this.#shared.holder = this.#pid;
    return { ok: true };
  }

  /** As the kernel does when the holder dies, and the holder when it leaves. */
  release(): void {
    if (this.#shared.holder !== this.#pid) return;
    this.#shared.holder = undefined;
    for (const tell of [...this.#shared.gone]) tell();
  }

  holder(): number | undefined {
    return this.#shared.holder;
  }

  watch(_pid: number, onGone: () => void): () => void {
    this.#shared.gone.add(onGone);
    return () => this.#shared.gone.delete(onGone);
  }
}

export const newRight = (): { holder: number | undefined; gone: Set<() => void> } => ({
  holder: undefined,
  gone: new Set(),
});

/** One machine: fake kernel, engine, and what the engine told. */
export class Machine {
  readonly kernel: FakeKernel;
  readonly slots = new MemorySlots();
  readonly machineText = new MemoryText();
  readonly told: EngineChange[] = [];
  engine: VrrpEngine;
  readonly #world: FakeWorld;

  /** Interfaces eth0 (ifindex 2, 10.0.0.N/24, segment lan) and eth1 (3, 10.1.0.N/24, segment wan). */
  constructor(world: FakeWorld, host: number) {
    this.#world = world;
    this.kernel = new FakeKernel(world, `R${host}`);
    this.plug(2, 'eth0', 'lan', `10.0.0.${host}`);
    this.plug(3, 'eth1', 'wan', `10.1.0.${host}`);
    this.engine = this.start();
  }

  plug(ifindex: number, name: string, segment: string, address: string): void {
    this.kernel.addInterface({ name, ifindex, mac: Buffer.from([2, 0, 0, 0, ifindex, 1]), segment });
    this.kernel.netlink.addAddresses([
      { ifindex, family: 4, address: Buffer.from(ip(address).bytes), prefixLength: 24 },
    ]);
  }

  start(): VrrpEngine {
    this.engine = new VrrpEngine({
      clock: this.#world.clock,
      kernel: this.kernel,
      logger: silentLogger(),
      machine: this.machineText,
      resume: new ResumeRecord(this.slots, (error) => {
        throw error;
      }),
      openWatch: openNoWatch,
      defer: (task) => task(),
      applyScheduling: () => [],
      changed: (change) => this.told.push(change),
    });
    return this.engine;
  }

  /** As SIGKILL: sockets and timers are gone, the kernel's addresses stay, and so do the slots. */
  kill(): void {
    const kept = new Map(this.slots.slots);
    void this.engine.stop(true);
    this.slots.slots.clear();
    for (const [slot, record] of kept) this.slots.slots.set(slot, record);
  }

  state(name = 'VI_1'): string {
    return this.engine.routers.get(name)?.state.kind ?? 'none';
  }

  holds(address: string, ifindex = 2): boolean {
    return this.kernel.netlink.hasAddress(ifindex, Buffer.from(ip(address).bytes));
  }

  /** Address changes asked for, as `add 10.0.0.100`; the warm-up of the engine is left out. */
  addressChanges(): string[] {
    return this.kernel.netlink.changes
      .filter(({ spec }) => spec.ifindex < 100)
      .map(({ kind, spec }) => `${kind} ${spec.address.join('.')}`);
  }

  /** `VI_1 init -> backup (startup)` for every transition told. */
  transitions(): string[] {
    return this.told.flatMap(({ transition }) =>
      transition === undefined
        ? []
        : [`${transition.name} ${transition.from} -> ${transition.to} (${transition.cause.code})`],
    );
  }

  arpFrames(): number {
    return this.kernel.sentFrames.reduce((sum, { frames }) => sum + frames.length, 0);
  }
}

export const newWorld = (): FakeWorld => new FakeWorld(new FakeClock());
