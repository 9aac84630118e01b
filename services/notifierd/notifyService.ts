/** notifierd as a service: configuration, Deliver, state. The work is done by {@link Notifier}. */
import { join } from 'node:path';
import type { Interpretation } from '../shared/config/diagnostic.js';
import type { ConfigTree } from '../shared/config/tree.js';
import { wireDiagnostics } from '../shared/rpc/diagnostics.js';
import type { ServiceState } from '../shared/rpc/generated/keepwatch/v1/lifecycle.js';
import { NotifyServiceDefinition } from '../shared/rpc/generated/keepwatch/v1/notify.js';
import { refused } from '../shared/rpc/refusal.js';
import type { ServiceContext, StartedService } from '../shared/rpc/runService.js';
import { rpcService } from '../shared/rpc/server.js';
import type { ConfigureOutcome, PlanOutcome, ServiceBehaviour } from '../shared/rpc/service.js';
import { SystemAccounts } from '../shared/script/accounts.js';
import { findSetpriv } from '../shared/script/launch.js';
import { ProcessScriptRunner } from '../shared/script/run.js';
import { WarmLaunchers } from '../shared/script/warmLauncher.js';
import type { NotifyConfig } from './config/model.js';
import { planChanges } from './configChanges.js';
import { FileJournalStore } from './journalStore.js';
import { takeLock } from './lock.js';
import { SmtpTransport } from './mailTransport.js';
import { Notifier } from './notifier.js';
import { Spool } from './spool.js';

export interface NotifyServiceOptions {
  readonly interpret: (tree: ConfigTree) => Interpretation<NotifyConfig>;
}

/** Builds notifierd. Its files: `notifications.journal`, `.journal.lock` and `.running/` in the state directory. */
export function startNotifyService(context: ServiceContext, options: NotifyServiceOptions): StartedService {
  const { clock, logger, stateDir } = context;
  const accounts = new SystemAccounts();
  const warm = new WarmLaunchers();
  const runner = new ProcessScriptRunner(clock, findSetpriv(), warm);
  const lock = lockJournal(join(stateDir, 'notifications.journal.lock'));
  const notifier = new Notifier({
    store: new FileJournalStore(join(stateDir, 'notifications.journal')),
    spool: new Spool(join(stateDir, 'notifications.running')),
    accounts,
    runner,
    transport: new SmtpTransport(),
    clock,
    log: logger,
    incarnation: context.incarnation,
    events: context.events,
    impairmentsChanged: context.impairmentsChanged,
    ...(lock.refused === undefined ? {} : { diskRefused: lock.refused }),
  });
  const behaviour = new NotifyBehaviour(
    notifier,
    options.interpret,
    () => {
      accounts.forget();
      warm.open();
    },
    () => {
      warm.close();
      lock.release();
    },
  );
  if (!runner.setsGroups)
    logger.warn('no setpriv(1) of util-linux here: scripts of other users run without their supplementary groups');
  return {
    behaviour,
    services: [
      rpcService(
        NotifyServiceDefinition,
        { deliver: ({ notifications }) => notifier.deliver(notifications) },
        // An impaired notifier still tells; to refuse would only make it worse.
        () => true,
      ),
    ],
  };
}

interface JournalLock {
  /** Why the journal may not be used. */
  readonly refused?: string;
  readonly release: () => void;
}

function lockJournal(path: string): JournalLock {
  try {
    const lock = takeLock(path);
    if (lock.ok) return { release: lock.release };
    return {
      refused: `notifications are told, but those waiting would not survive a crash: process ${lock.holder} uses the journal of this state directory; give each suite its own --state-dir`,
      release: () => undefined,
    };
  } catch {
    // A directory that cannot be written shows itself, with its reason, when the journal is opened.
    return { release: () => undefined };
  }
}

class NotifyBehaviour implements ServiceBehaviour {
  readonly name = 'notifierd';
  readonly #notifier: Notifier;
  readonly #interpret: NotifyServiceOptions['interpret'];
  /** A configuration comes into force. */
  readonly #begin: () => void;
  readonly #release: () => void;
  #config: NotifyConfig | undefined;

  constructor(
    notifier: Notifier,
    interpret: NotifyServiceOptions['interpret'],
    begin: () => void,
    release: () => void,
  ) {
    this.#notifier = notifier;
    this.#interpret = interpret;
    this.#begin = begin;
    this.#release = release;
  }

  validate(tree: ConfigTree) {
    return wireDiagnostics(this.#interpret(tree).diagnostics);
  }

  plan(tree: ConfigTree): PlanOutcome {
    const { model, diagnostics } = this.#interpret(tree);
    const changes = model === undefined ? [] : planChanges(this.#config, model);
    return { diagnostics: wireDiagnostics(diagnostics), changes };
  }

  async configure(tree: ConfigTree): Promise<ConfigureOutcome> {
    const { model, diagnostics } = this.#interpret(tree);
    if (model === undefined) return refused(diagnostics);
    const changes = planChanges(this.#config, model);
    this.#config = model;
    // A user may have been made since; that is why people reload.
    this.#begin();
    await this.#notifier.configure(model);
    return { accepted: true, diagnostics: wireDiagnostics(diagnostics), changes };
  }

  state(): ServiceState {
    return { state: { $case: 'notify', value: this.#notifier.state() } };
  }

  impairments(): string[] {
    return this.#notifier.problems();
  }

  async stop({ keepKernelState }: { readonly keepKernelState: boolean }): Promise<void> {
    // Who keeps the kernel's state is replaced by a successor, who also takes over the scripts that run.
    await this.#notifier.stop({ leaveScripts: keepKernelState });
    this.#release();
  }
}
