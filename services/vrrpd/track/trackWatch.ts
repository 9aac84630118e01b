import type { Logger } from '../../shared/log/logger.js';
import { succeeded } from '../../shared/script/outcome.js';
import type { Clock } from '../../shared/time/clock.js';
import { elapsed, type Instant, toMillis } from '../../shared/time/duration.js';
import type { TrackerKind, TrackProcessConfig, TrackScriptConfig, VrrpConfig } from '../config/model.js';
import { sameValue } from '../configDiff.js';
import type { Reading } from './reading.js';
import type { TrackerRegistry } from './registry.js';
import { afterResult, NO_RESULT, type ScriptState } from './scriptState.js';
import { lastLine, resultText } from './scriptText.js';
import type { TrackEntry, TrackRecord } from './trackRecord.js';
import type { Watch } from './watch.js';
import type { OpenWatcherLink, WatcherLink } from './watcherLink.js';
import type { FileResult, ProcessResult, ScriptResult, WatchMessage, WatchRequest } from './wire.js';

/** What a watch of trackers works with. */
export interface TrackWatchParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly openLink: OpenWatcherLink;
  /** Opened when the first configuration tracks something. */
  readonly openRecord: () => TrackRecord;
  /** `impairments()` may answer differently now. */
  readonly impairmentsChanged: () => void;
}

interface Tracked {
  readonly kind: TrackerKind;
  readonly name: string;
  /** What is watched, as a word: another one begins anew. */
  readonly what: string;
}

interface TrackedScript {
  config: TrackScriptConfig;
  state: ScriptState;
  /** Text of the last result, to log only what is another one than before. */
  last: string;
}

/**
 * Scripts, files and processes, watched by a process of their own: starting programs and reading what others wrote takes
 * time that the protocol does not have. This side keeps the states of the scripts and reports readings.
 */
export class TrackWatch implements Watch {
  readonly #parts: TrackWatchParts;
  readonly #registry: TrackerRegistry;
  #link: WatcherLink | undefined;
  #record: TrackRecord | undefined;
  #predecessor: ReadonlyMap<string, TrackEntry> = new Map();
  #request: WatchRequest | undefined;
  readonly #tracked = new Map<string, Tracked>();
  readonly #scripts = new Map<string, TrackedScript>();
  #impairments: readonly string[] = [];
  #lost: string | undefined;

  constructor(parts: TrackWatchParts, registry: TrackerRegistry) {
    this.#parts = parts;
    this.#registry = registry;
  }

  configure(config: VrrpConfig): void {
    const { trackScripts: scripts, trackFiles: files, trackProcesses: processes } = config;
    const any = scripts.length + files.length + processes.length > 0;
    if (!any && this.#request === undefined) return;
    this.#loadRecord();
    this.#track([
      ...scripts.map((one) => ({ kind: 'script' as const, name: one.name, what: scriptWord(one) })),
      ...files.map((one) => ({ kind: 'file' as const, name: one.name, what: one.path })),
      ...processes.map((one) => ({ kind: 'process' as const, name: one.name, what: processWord(one) })),
    ]);
    for (const script of scripts) this.#configureScript(script);
    this.#predecessor = new Map();
    this.#ask({ scripts, files, processes, ...config.global.scriptRules });
  }

  impairments(): readonly string[] {
    return this.#lost === undefined ? this.#impairments : [...this.#impairments, this.#lost];
  }

  close(): void {
    this.#link?.close();
    this.#record?.close();
  }

  #loadRecord(): void {
    if (this.#record !== undefined) return;
    try {
      this.#record = this.#parts.openRecord();
      this.#predecessor = this.#record.load();
    } catch (error) {
      this.#parts.logger.warn({ err: error }, 'no record of trackers: a crash of vrrpd would forget their states');
    }
  }

  /** Forgets what is tracked no more; what is new begins with what a killed predecessor knew of it. */
  #track(wanted: readonly Tracked[]): void {
    const keys = new Set(wanted.map(keyOf));
    for (const [key, { kind, name }] of this.#tracked) {
      if (keys.has(key)) continue;
      this.#tracked.delete(key);
      if (kind === 'script') this.#scripts.delete(name);
    }
    for (const kind of ['script', 'file', 'process'] as const) {
      this.#registry.retain(kind, new Set(wanted.filter((one) => one.kind === kind).map(({ name }) => name)));
    }
    for (const one of wanted) {
      const key = keyOf(one);
      const known = this.#tracked.get(key);
      this.#tracked.set(key, one);
      // Another command or path: the last reading holds until there is one of the new.
      if (known !== undefined && known.what !== one.what && one.kind === 'script') this.#scripts.delete(one.name);
      if (known !== undefined) continue;
      const before = this.#predecessor.get(key);
      if (before === undefined || before.what !== one.what) continue;
      const { condition, value, detail } = before;
      const since = new Date(before.since);
      this.#registry.report(one.kind, one.name, {
        condition,
        detail,
        since,
        ...(value === undefined ? {} : { value }),
      });
    }
    this.#record?.retain(keys);
  }

  #configureScript(config: TrackScriptConfig): void {
    const known = this.#scripts.get(config.name);
    if (known !== undefined) {
      known.config = config;
      return;
    }
    const before = this.#predecessor.get(`script ${config.name}`);
    const resumed = before?.what === scriptWord(config) ? before : undefined;
    const state: ScriptState =
      resumed === undefined ? NO_RESULT : { good: resumed.condition === 'good', against: resumed.against };
    this.#scripts.set(config.name, { config, state, last: resumed?.detail ?? '' });
    if (resumed === undefined && config.initFail && this.#registry.reading('script', config.name) === undefined) {
      const detail = 'no result yet, counts as failed (init_fail)';
      this.#report('script', config.name, { condition: 'pending', assumed: 'bad', detail });
    }
  }

  #ask(request: WatchRequest): void {
    if (sameValue(this.#request, request)) return;
    this.#request = request;
    const any = request.scripts.length + request.files.length + request.processes.length > 0;
    if (!any) {
      this.#link?.close();
      this.#link = undefined;
      this.#request = undefined;
      return;
    }
    this.#link ??= this.#parts.openLink({
      onMessage: (message) => this.#message(message),
      onLost: (how) => {
        this.#parts.logger.warn(
          `the watcher of trackers ended (${how}) and is started again; readings stay as they are`,
        );
        this.#lost = `trackers are not watched: their watcher ended (${how})`;
        this.#parts.impairmentsChanged();
      },
    });
    this.#link.request(request);
  }

  #message(message: WatchMessage): void {
    if (this.#lost !== undefined) {
      this.#lost = undefined;
      this.#parts.impairmentsChanged();
    }
    switch (message.kind) {
      case 'script':
        this.#scriptResult(message);
        return;
      case 'file':
        this.#fileResult(message);
        return;
      case 'process':
        this.#processResult(message);
        return;
      case 'impairments':
        this.#impairments = message.texts;
        for (const text of message.texts) this.#parts.logger.warn(text);
        this.#parts.impairmentsChanged();
        return;
      case 'log':
        this.#parts.logger[message.level](message.text);
    }
  }

  #scriptResult({ name, outcome, at, outputTail }: ScriptResult): void {
    const script = this.#scripts.get(name);
    if (script === undefined) return;
    const { logger } = this.#parts;
    const text = resultText(outcome);
    const success = succeeded(outcome);
    if (script.last !== text) {
      if (!success) logger.warn({ tracker: name }, `VRRP_Script(${name}) failed: ${text}${lastLine(outputTail)}`);
      script.last = text;
    }
    // A script that never could be started says nothing about what it checks; keepalived leaves it out, too.
    if (outcome.kind === 'cannot-start' && script.state.good === undefined) {
      this.#report('script', name, { condition: 'ignored', detail: text }, at);
      return;
    }
    const before = script.state;
    script.state = afterResult(before, success, script.config);
    const { good, against } = script.state;
    if (good !== before.good) {
      const turned = good === true ? 'succeeded' : `counts as failed: ${text}`;
      logger.info({ tracker: name }, `VRRP_Script(${name}) ${turned}`);
      this.#report('script', name, { condition: good === true ? 'good' : 'bad', detail: text }, at);
    } else if (against === 0) this.#report('script', name, { condition: good ? 'good' : 'bad', detail: text }, at);
    if (good !== before.good || against !== before.against) this.#note('script', name);
  }

  #fileResult({ name, value, detail, at }: FileResult): void {
    const known = this.#registry.reading('file', name);
    const number = value ?? known?.value ?? 0;
    const text = value === undefined ? `${number} (${detail})` : detail;
    if (known !== undefined && known.value !== number) {
      this.#parts.logger.info({ tracker: name }, `track_file ${name}: ${known.value ?? 0} -> ${text}`);
    }
    this.#report('file', name, { condition: 'good', value: number, detail: text }, at);
    this.#note('file', name);
  }

  #processResult({ name, good, detail, at }: ProcessResult): void {
    const known = this.#registry.reading('process', name);
    if (known?.condition !== (good ? 'good' : 'bad')) {
      this.#parts.logger.info(
        { tracker: name },
        `track_process ${name} ${good ? 'has' : 'lacks'} its quorum: ${detail}`,
      );
    }
    this.#report('process', name, { condition: good ? 'good' : 'bad', detail }, at);
    this.#note('process', name);
  }

  #report(kind: TrackerKind, name: string, reading: Omit<Reading, 'since'>, at?: Instant): void {
    if (!this.#tracked.has(`${kind} ${name}`)) return;
    const { clock } = this.#parts;
    const late = at === undefined ? 0 : Math.max(0, toMillis(elapsed(at, clock.now())));
    this.#registry.report(kind, name, { ...reading, since: new Date(clock.wall().getTime() - late) }, at);
  }

  #note(kind: TrackerKind, name: string): void {
    const key = `${kind} ${name}`;
    const tracked = this.#tracked.get(key);
    const reading = this.#registry.reading(kind, name);
    if (tracked === undefined || reading === undefined) return;
    const { condition, value, detail, since } = reading;
    if (condition !== 'good' && condition !== 'bad') return;
    this.#record?.note({
      key,
      what: tracked.what,
      condition,
      ...(value === undefined ? {} : { value }),
      detail,
      since: since.getTime(),
      against: kind === 'script' ? (this.#scripts.get(name)?.state.against ?? 0) : 0,
    });
  }
}

const keyOf = ({ kind, name }: Tracked): string => `${kind} ${name}`;

const scriptWord = ({ command }: TrackScriptConfig): string =>
  JSON.stringify([command.user ?? '', command.group ?? '', ...command.argv]);

const processWord = (config: TrackProcessConfig): string =>
  JSON.stringify([config.command, config.parameters ?? '', config.match, config.fullCommand]);
