/** What a suite is built from: names, places, and what starts and reads things for it. */
import type { Logger } from '../shared/log/logger.js';
import type { ConfigTree } from '../shared/rpc/generated/keepwatch/v1/common.js';
import type { ModuleName } from '../shared/rpc/moduleMain.js';
import type { ServiceName } from '../shared/rpc/service.js';
import type { Clock } from '../shared/time/clock.js';
import type { AcceptedConfig } from './acceptedConfig.js';
import type { LoadedParts } from './configuration.js';
import type { History } from './history.js';
import type { ModuleKeeperOptions } from './moduleKeeper.js';
import type { OrderBook } from './orderBook.js';
import type { ConfigParts, HasWork } from './parts.js';
import type { ServiceProcess } from './serviceProcess.js';
import type { SparePolicy } from './sparePolicy.js';
import type { Tracer } from './tracing/tracer.js';

export interface SuiteOptions {
  readonly names: readonly ServiceName[];
  readonly runDir: string;
  readonly stateDir: string;
  readonly configFile: string;
  readonly version: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Reads the configuration from its file. */
  readonly load: () => LoadedParts;
  /** The same for a configuration that was read elsewhere. */
  readonly judge: (tree: ConfigTree) => LoadedParts;
  /** Whether a configuration has work for a service; one that has none does not run. */
  readonly hasWork: HasWork;
  readonly startProcess: (name: ServiceName) => ServiceProcess;
  /** Sockets another runtime keeps alive: nothing is started or killed. */
  readonly attach: boolean;
  /** False (-R): the suite ends when a service dies. */
  readonly respawn: boolean;
  /** -V and -I: what to leave in the kernel at the end. */
  readonly keepVrrp: boolean;
  readonly keepIpvs: boolean;
  readonly history: History;
  readonly orders: OrderBook;
  readonly spare: SparePolicy;
  readonly startSpare: (name: ServiceName) => ServiceProcess;
  /** From now on services may do what any of these configurations needs, and no more. */
  readonly allow: (configurations: readonly ConfigParts[]) => void;
  /** A running process was started with fewer rights than its service needs now. */
  readonly outgrown: (name: ServiceName, pid: number) => boolean;
  /** Why services have more rights than they need; undefined when they do not. */
  readonly unconfined: () => string | undefined;
  /** Why the installed version should not be started; undefined when it looks good. */
  readonly preflight: () => Promise<string | undefined>;
  /** Puts the installed version of the supervisor in place of this process. Throws when that fails. */
  readonly replaceSupervisor: () => never;
  /** Called once all services have ended, with the configuration they ran. Not when they run on. */
  readonly atEnd: (accepted: AcceptedConfig) => Promise<void>;
  /** Optional processes: which of them a configuration asks for, and how one is started. */
  readonly modules: {
    readonly wanted: (parts: ConfigParts) => ReadonlySet<ModuleName>;
    readonly start: ModuleKeeperOptions['start'];
  };
  /** Further pid files to keep (-r, -c). */
  readonly pidFiles: ReadonlyMap<ServiceName, string>;
  /** Makes traces of what happens; absent: nobody wants them. */
  readonly tracer?: Tracer | undefined;
  /** Hears what the supervisor says of itself, and that a reload begins. */
  readonly told?: (event: { readonly code: string; readonly text: string }) => void;
}
