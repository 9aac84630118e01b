import assert from 'node:assert/strict';
import type { CheckResult } from '../../../services/healthcheckerd/checker.js';
import { checkerTarget } from '../../../services/healthcheckerd/checkerText.js';
import type {
  CheckerConfig,
  CheckerTiming,
  TcpCheckConfig,
} from '../../../services/healthcheckerd/config/checkerModel.js';
import type {
  HealthConfig,
  HealthGlobalConfig,
  RealServerConfig,
  VirtualServerConfig,
} from '../../../services/healthcheckerd/config/model.js';
import { HealthEngine } from '../../../services/healthcheckerd/engine.js';
import type { Prober } from '../../../services/healthcheckerd/probe.js';
import type { EngineReport } from '../../../services/healthcheckerd/reporter.js';
import { silentLogger } from '../../../services/shared/log/logger.js';
import { formatIpAddress, type IpAddress, parseIpAddress } from '../../../services/shared/net/address.js';
import { FakeClock } from '../../../services/shared/time/clock.js';
import { elapsed, instant, seconds } from '../../../services/shared/time/duration.js';

export const address = (text: string): IpAddress => {
  const parsed = parseIpAddress(text);
  assert.ok(parsed, text);
  return parsed;
};

export const position = { file: 'test.conf', line: 1, column: 1 };

export const timing: CheckerTiming = {
  delayLoop: seconds(10),
  connectTimeout: seconds(3),
  retry: 2,
  delayBeforeRetry: seconds(1),
  warmup: seconds(0),
  alpha: false,
  logAllFailures: false,
};

export const tcpCheck = (server: string, port: number, more: Partial<CheckerTiming> = {}): TcpCheckConfig => ({
  kind: 'tcp',
  endpoint: { address: address(server), port },
  timing: { ...timing, ...more },
  position,
});

export const realServer = (
  server: string,
  more: Partial<RealServerConfig> = {},
  moreTiming: Partial<CheckerTiming> = {},
): RealServerConfig => ({
  address: address(server),
  port: 80,
  weight: 1,
  forwarding: { method: 'masq' },
  inhibitOnFailure: false,
  upperThreshold: 0,
  lowerThreshold: 0,
  smtpAlert: true,
  checkers: [tcpCheck(server, 80, moreTiming)],
  position,
  ...more,
});

export const virtualServer = (
  realServers: readonly RealServerConfig[],
  more: Partial<VirtualServerConfig> = {},
): VirtualServerConfig => ({
  target: { kind: 'address', address: address('10.8.0.1'), port: 80 },
  protocol: 'tcp',
  family: 4,
  scheduler: 'wlc',
  flags: 0,
  forwarding: { method: 'masq' },
  alpha: false,
  omega: false,
  quorum: 1,
  hysteresis: 0,
  smtpAlert: true,
  haSuspend: false,
  realServers,
  position,
  ...more,
});

const globalConfig: HealthGlobalConfig = {
  routerId: 'LB1',
  mailConfigured: true,
  initNotifies: false,
  noCheckerEmails: false,
  scheduling: {},
};

export const healthConfig = (
  virtualServers: readonly VirtualServerConfig[],
  more: Partial<HealthGlobalConfig> = {},
): HealthConfig => ({ global: { ...globalConfig, ...more }, groups: [], virtualServers });

/** Answers checks from a table of what each server would answer; every check takes no time. */
class FakeProber implements Prober {
  /** By `10.9.1.1:80`; a server that is not listed accepts. */
  readonly answers = new Map<string, CheckResult>();
  /** Every check: when (s since the start) and which. */
  readonly checks: { readonly at: number; readonly target: string }[] = [];
  readonly #pending: (() => void)[] = [];
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  start(check: CheckerConfig, ended: (result: CheckResult) => void): () => void {
    const target =
      'endpoint' in check ? `${formatIpAddress(check.endpoint.address)}:${check.endpoint.port}` : checkerTarget(check);
    this.checks.push({ at: this.#now(), target });
    let cancelled = false;
    this.#pending.push(() => {
      if (!cancelled) ended(this.answers.get(target) ?? { kind: 'success' });
    });
    return () => {
      cancelled = true;
    };
  }

  /** Lets the checks under way end. */
  flush(): void {
    for (const end of this.#pending.splice(0)) end();
  }
}

export const refused: CheckResult = { kind: 'failure', reason: 'connection refused' };

/** An engine with a clock and a network that obey the test. */
export class Bench {
  readonly clock = new FakeClock();
  readonly #start = this.clock.now();
  readonly prober = new FakeProber(() => this.now);
  readonly reports: (EngineReport & { readonly at: number })[] = [];
  readonly local = new Set<string>();
  readonly engine = new HealthEngine({
    clock: this.clock,
    prober: this.prober,
    logger: silentLogger(),
    report: (report) => this.reports.push({ ...report, at: this.now }),
    rearm: () => {},
    localAddresses: () => this.local,
    spreadStart: 0,
  });

  /** Seconds since the start. */
  get now(): number {
    return elapsed(this.#start, this.clock.now()) / 1_000_000;
  }

  /** Lives until `to` seconds after the start, one deadline after another. */
  runUntil(to: number): void {
    const end = instant(this.#start + to * 1_000_000);
    for (;;) {
      const next = this.engine.nextDeadline();
      if (next === undefined || next > end) break;
      if (next > this.clock.now()) this.clock.advance(elapsed(this.clock.now(), next));
      this.engine.runDue();
      this.prober.flush();
    }
    this.clock.advanceTo(end);
  }

  /** The transitions so far: `12.5 [10.9.1.1]:tcp:80 DOWN`. */
  transitions(): string[] {
    return this.reports.flatMap(({ at, event }) =>
      event.transition === undefined
        ? []
        : [`${at} ${event.transition.realServer} ${event.transition.up ? 'UP' : 'DOWN'}`],
    );
  }

  /** Destinations of the first service: `10.9.1.1:80 w1`. */
  table(): string[] {
    const [service] = this.engine.state().desired;
    return (service?.destinations ?? []).map(({ address: server, port, weight }) => `${server}:${port} w${weight}`);
  }

  /** LVS FIFO lines, in order. */
  fifo(): string[] {
    return this.reports.flatMap(({ notifications }) => notifications.flatMap(({ lvsFifoLines }) => lvsFifoLines));
  }

  mails(): string[] {
    return this.reports.flatMap(({ notifications }) =>
      notifications.flatMap(({ mails }) => mails.map(({ subject, body }) => `${subject} | ${body}`)),
    );
  }
}
