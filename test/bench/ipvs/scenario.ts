/** What is measured in a guest, and what comes back: shared by the host, which asks, and the guest, which answers. */

/** Many real servers that live: what checking them costs, and whether it is done on time. */
export interface ChecksScenario {
  readonly kind: 'checks';
  readonly checker: 'TCP_CHECK' | 'HTTP_GET';
  /** Real servers; ten to a virtual server. */
  readonly servers: number;
  /** Seconds. */
  readonly delayLoop: number;
  /** How long is measured once the table is complete and a loop has gone by. */
  readonly seconds: number;
}

/** A real server that dies again and again. */
export interface DeathScenario {
  readonly kind: 'death';
  readonly rounds: number;
}

/** A large table without checkers. */
export interface TableScenario {
  readonly kind: 'table';
  readonly destinations: number;
}

export type Scenario = ChecksScenario | DeathScenario | TableScenario;

/** Processor time in seconds. */
export interface CpuTime {
  readonly user: number;
  readonly system: number;
}

export interface ChecksResult {
  /** From the exec to a table with all real servers. */
  readonly completeMs: number;
  /** Checks seen by the kernel in the time measured. */
  readonly checks: number;
  readonly seconds: number;
  /** By command; of all processes of the suite. */
  readonly cpu: Readonly<Record<string, CpuTime>>;
  readonly residentKb: Readonly<Record<string, number>>;
  /** Checks in each slice of the time measured: even when none is far from the mean. */
  readonly slices: readonly number[];
  readonly stop: StopResult;
}

export interface StopResult {
  readonly ms: number;
  /** Services left in the kernel's table, processes left running. */
  readonly left: number;
}

export interface DeathResult {
  /** Milliseconds from the first refused check to the kernel's table without the server, beyond the pause before the retry. */
  readonly excessMs: readonly number[];
}

export interface TableResult {
  /** From the exec to the complete table. */
  readonly startMs: number;
  /** From SIGHUP to ten changed weights in the table. */
  readonly reloadMs: number;
  readonly residentKb: Readonly<Record<string, number>>;
  readonly stop: StopResult;
}

export type ScenarioResult = ChecksResult | DeathResult | TableResult;

/** Before the JSON of a result in the guest's output. */
export const RESULT_MARK = '@@@ ';
