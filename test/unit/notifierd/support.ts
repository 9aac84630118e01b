import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NotifyConfig } from '../../../services/notifierd/config/model.js';
import type { IdentifiedNotification } from '../../../services/notifierd/job.js';
import type { JournalStore } from '../../../services/notifierd/journalStore.js';
import type { MailAttempt, MailTransport } from '../../../services/notifierd/mailTransport.js';
import { Notifier, type NotifierOptions } from '../../../services/notifierd/notifier.js';
import { Spool } from '../../../services/notifierd/spool.js';
import { SystemClock } from '../../../services/shared/kernel/systemClock.js';
import { silentLogger } from '../../../services/shared/log/logger.js';
import type { Mail, NotifyResult } from '../../../services/shared/rpc/generated/keepwatch/v1/notify.js';
import type { ScriptRun } from '../../../services/shared/script/outcome.js';
import type { RunningScript, ScriptRequest, ScriptRunner } from '../../../services/shared/script/run.js';
import { millis, seconds } from '../../../services/shared/time/duration.js';

/** A directory that goes with the process: a queue that is still closing after the last test must not make it anew. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'keepwatch-notify-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface NotificationParts {
  readonly lane?: string;
  readonly scripts?: readonly (readonly string[])[];
  readonly mails?: readonly Mail[];
  readonly vrrp?: readonly string[];
  readonly lvs?: readonly string[];
  readonly incarnation?: string;
  readonly index?: number;
}

/** A notification with the sequence number `sequence`. */
export const notification = (sequence: number, parts: NotificationParts = {}): IdentifiedNotification => ({
  id: {
    service: 'vrrpd',
    incarnation: parts.incarnation ?? 'one',
    sequence: BigInt(sequence),
    index: parts.index ?? 0,
  },
  lane: parts.lane ?? 'instance VI_1',
  summary: `VI_1 ${sequence}`,
  scripts: (parts.scripts ?? []).map((argv) => ({ argv: [...argv], user: '', group: '', configuredAt: '' })),
  vrrpFifoLines: [...(parts.vrrp ?? [])],
  lvsFifoLines: [...(parts.lvs ?? [])],
  mails: [...(parts.mails ?? [])],
  at: new Date('2026-11-22T21:45:02Z'),
  state: '',
});

export const config = (more: Partial<NotifyConfig> = {}): NotifyConfig => ({
  routerId: 'LB1',
  scripts: { security: false, timeout: seconds(90) },
  ...more,
});

/** A journal in memory whose disk can be full. */
export class MemoryStore implements JournalStore {
  text: string | undefined;
  full = false;
  syncs = 0;
  replacements = 0;
  /** Bytes an append to a full disk still writes. */
  partial = 0;

  read(): string | undefined {
    return this.text;
  }

  append(text: string): void {
    if (this.full) {
      this.text = (this.text ?? '') + text.slice(0, this.partial);
      throw new Error('ENOSPC: no space left on device, write');
    }
    this.text = (this.text ?? '') + text;
  }

  truncate(bytes: number): void {
    this.text = (this.text ?? '').slice(0, bytes);
  }

  async sync(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.syncs++;
  }

  replace(text: string): void {
    if (this.full) throw new Error('ENOSPC: no space left on device, write');
    this.replacements++;
    this.text = text;
  }

  setAside(suffix: string): string {
    this.text = undefined;
    return `aside.${suffix}`;
  }

  close(): void {}
}

/** A runner without processes: a script ends when the test says so, or at once. */
export class FakeRunner implements ScriptRunner {
  readonly begun: ScriptRequest[] = [];
  readonly #ends: ((run: ScriptRun) => void)[] = [];
  readonly #manual: boolean;

  constructor(manual = false) {
    this.#manual = manual;
  }

  run(request: ScriptRequest): RunningScript {
    this.begun.push(request);
    const ended = new Promise<ScriptRun>((resolve) => {
      const end = (run: ScriptRun): void => resolve(run);
      if (this.#manual) this.#ends.push(end);
      else end({ outcome: { kind: 'exited', code: 0 }, duration: millis(1), outputTail: '' });
    });
    return {
      pid: undefined,
      ended,
      stop: () => this.#ends.shift()?.({ outcome: { kind: 'stopped' }, duration: millis(1), outputTail: '' }),
    };
  }

  /** Ends the script begun first among those that run. */
  endFirst(code = 0): void {
    this.#ends.shift()?.({ outcome: { kind: 'exited', code }, duration: millis(5), outputTail: 'said' });
  }
}

export class FakeTransport implements MailTransport {
  readonly sent: { readonly mail: Mail; readonly host: string }[] = [];
  answers: MailAttempt[] = [];

  async send(mail: Mail, _date: Date, { host }: { readonly host: string }): Promise<MailAttempt> {
    await new Promise((resolve) => setImmediate(resolve));
    this.sent.push({ mail, host });
    return this.answers.shift() ?? { kind: 'sent', refused: [] };
  }
}

/** A notifier on fakes, with what it published. */
export function fakeNotifier(more: Partial<NotifierOptions> = {}): { notifier: Notifier; results: NotifyResult[] } {
  const results: NotifyResult[] = [];
  const notifier = new Notifier({
    store: new MemoryStore(),
    spool: new Spool(temporaryFolderOnce()),
    accounts: {
      user: async (name) =>
        name === '0' || name === 'root' ? { name: 'root', uid: 0, gid: 0, home: '/root' } : undefined,
      group: async () => undefined,
    },
    runner: new FakeRunner(),
    transport: new FakeTransport(),
    clock: new SystemClock(),
    log: silentLogger(),
    incarnation: 'me',
    events: {
      publish: ({ event }) => {
        if (event?.$case === 'notify' && event.value.result !== undefined) results.push(event.value.result);
      },
    },
    impairmentsChanged: () => undefined,
    ...more,
  });
  return { notifier, results };
}

let shared: string | undefined;
function temporaryFolderOnce(): string {
  shared ??= temporaryFolder();
  return join(shared, 'running');
}

/** Polls until `condition` holds; fails after `limitMs`. */
export async function until(condition: () => boolean, what: string, limitMs = 5000): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
