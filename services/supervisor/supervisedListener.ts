/** What a service under supervision needs from the suite, and what it tells it. */
import type { Logger } from '../shared/log/logger.js';
import type { WatchResponse } from '../shared/rpc/generated/keepwatch/v1/lifecycle.js';
import type { Order } from '../shared/rpc/generated/keepwatch/v1/order.js';
import type { ServiceName } from '../shared/rpc/service.js';
import type { Clock } from '../shared/time/clock.js';
import type { ServiceProcess } from './serviceProcess.js';

/** `connected`: can be talked to, has no configuration yet. */
export type Phase = 'starting' | 'connected' | 'ready' | 'restarting' | 'stopped';

/** What the suite wants to know. */
export interface SupervisedListener<Service> {
  /** The service can be talked to; it has to be configured, and its `configured` called. */
  onConnected(service: Service): void;
  onMessage(service: Service, message: WatchResponse): void;
  onEvent(service: Service, code: SupervisedEventCode, text: string): void;
  onProcess(service: Service): void;
  /** Its process ended and may be started again in `delay`; false: leave it. */
  mayRestart(service: Service): boolean;
  /** A process that takes the place of one that died, without being started: the spare. Undefined when there is none. */
  successor(service: Service): Promise<ServiceProcess | undefined> | undefined;
}

export type SupervisedEventCode =
  | 'service-ready'
  | 'service-died'
  | 'service-restarted'
  | 'service-hung'
  | 'service-lost'
  | 'crash-loop';

export interface SupervisedOptions<Service> {
  readonly name: ServiceName;
  readonly runDir: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly listener: SupervisedListener<Service>;
  readonly start: () => ServiceProcess;
  /** Orders of operators in force. */
  readonly orders: () => Order[];
  readonly resume: () => { readonly incarnation: string; readonly afterSequence: bigint };
}
