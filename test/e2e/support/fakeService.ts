/**
 * A real service process with a made-up duty, so that the supervisor can be tested without a network or a kernel table.
 * It knows `vrrp_instance NAME` (vrrpd) and `virtual_server ADDRESS WEIGHT` (healthcheckerd). An instance or virtual server
 * REFUSE is refused, one named LATE only in Configure, one named DEADLY ends the process in Configure.
 * A file `<state-dir>/<name>.do` holds one JSON command, taken at SIGURG.
 */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { SystemClock } from '../../../services/shared/kernel/systemClock.js';
import {
  BfdEvent,
  type BfdReading,
  BfdSession,
  BfdState,
  BfdStateName,
} from '../../../services/shared/rpc/generated/keepwatch/v1/bfd.js';
import {
  type ConfigTree,
  type Diagnostic,
  Severity,
} from '../../../services/shared/rpc/generated/keepwatch/v1/common.js';
import {
  HealthEvent,
  HealthServiceDefinition,
  HealthState,
} from '../../../services/shared/rpc/generated/keepwatch/v1/health.js';
import {
  ApplyRequest,
  IpvsEvent,
  IpvsServiceDefinition,
  IpvsState,
  SetSyncRoleRequest,
} from '../../../services/shared/rpc/generated/keepwatch/v1/ipvs.js';
import {
  ChangeKind,
  type ServiceEvent,
  type ServiceState,
} from '../../../services/shared/rpc/generated/keepwatch/v1/lifecycle.js';
import {
  Notification,
  NotifyServiceDefinition,
  NotifyState,
} from '../../../services/shared/rpc/generated/keepwatch/v1/notify.js';
import {
  VrrpEvent,
  type VrrpInstance,
  VrrpInstance as VrrpInstanceMessage,
  VrrpServiceDefinition,
  VrrpState,
  VrrpStateName,
} from '../../../services/shared/rpc/generated/keepwatch/v1/vrrp.js';
import type { ServiceContext, StartedService } from '../../../services/shared/rpc/runService.js';
import { type RpcService, rpcService } from '../../../services/shared/rpc/server.js';
import { SERVICE_NAMES, type ServiceName } from '../../../services/shared/rpc/service.js';
import { serviceMain } from '../../../services/shared/rpc/serviceMain.js';

/** Commands a test writes to `<state-dir>/<name>.do` before it sends SIGURG. */
interface Command {
  readonly instance?: { readonly name: string; readonly state: 'BACKUP' | 'MASTER' | 'FAULT' };
  readonly notifications?: number;
  readonly session?: { readonly name: string; readonly up: boolean };
  readonly destination?: { readonly address: string; readonly weight: number };
  /** From now on takes that long for every Deliver. */
  readonly delayMs?: number;
  /** Stops answering for that long. */
  readonly hangMs?: number;
}

const name = nameFromPath();
await serviceMain({ name, summary: 'Test double of a service.', clock: new SystemClock(), start });

function nameFromPath(): ServiceName {
  const folder = basename(dirname(process.argv[1] ?? ''));
  const found = SERVICE_NAMES.find((service) => folder === service);
  if (found === undefined) throw new Error(`${folder} is no service`);
  return found;
}

function start(context: ServiceContext): StartedService {
  const journal = join(context.stateDir, `${name}.calls`);
  const note = (entry: object): void => appendFileSync(journal, `${JSON.stringify({ pid: process.pid, ...entry })}\n`);
  let instances = new Map<string, VrrpInstance>();
  let destinations = new Map<string, number>();
  let sessions = new Map<string, BfdSession>();
  let tree: ConfigTree | undefined;
  let told = 0;
  let delayMs = 0;

  const desired = () => [
    {
      key: { family: 4, fwmark: 0, protocol: 1 as const, address: '10.0.0.1', port: 80 },
      scheduler: 'rr',
      flags: 0,
      persistenceTimeoutS: 0,
      persistencePrefixLength: 32,
      persistenceEngine: '',
      destinations: [...destinations].map(([address, weight]) => ({
        family: 4,
        address,
        port: 80,
        weight,
        forwarding: 1 as const,
        upperThreshold: 0,
        lowerThreshold: 0,
      })),
    },
  ];
  const state = (): ServiceState => {
    switch (name) {
      case 'vrrpd':
        return { state: { $case: 'vrrp', value: VrrpState.fromPartial({ instances: [...instances.values()] }) } };
      case 'healthcheckerd':
        return { state: { $case: 'health', value: HealthState.fromPartial({ desired: desired() }) } };
      case 'ipvsd':
        return { state: { $case: 'ipvs', value: IpvsState.fromPartial({ available: true }) } };
      case 'notifierd':
        return { state: { $case: 'notify', value: NotifyState.fromPartial({ scriptsOk: BigInt(told) }) } };
      case 'bfdd':
        return { state: { $case: 'bfd', value: BfdState.fromPartial({ sessions: [...sessions.values()] }) } };
    }
  };
  const event = (notifications: Notification[], changed: string[] = []): ServiceEvent => {
    const list = changed.flatMap((key) => instances.get(key) ?? []);
    switch (name) {
      case 'bfdd':
        return {
          event: { $case: 'bfd', value: BfdEvent.fromPartial({ sessions: [...sessions.values()] }) },
          notifications,
        };
      case 'vrrpd':
        return { event: { $case: 'vrrp', value: VrrpEvent.fromPartial({ instances: list }) }, notifications };
      case 'healthcheckerd':
        return { event: { $case: 'health', value: HealthEvent.fromPartial({ desired: desired() }) }, notifications };
      default:
        return { event: { $case: 'ipvs', value: IpvsEvent.fromPartial({ note: 'test' }) }, notifications };
    }
  };

  const refusals = (candidate: ConfigTree, word: string): Diagnostic[] =>
    candidate.statements
      .filter(({ words }) => words[1]?.text === word)
      .map(({ words }) => ({
        severity: Severity.SEVERITY_ERROR,
        position: {
          file: candidate.files[words[1]?.file ?? 0] ?? '',
          line: words[1]?.line ?? 0,
          column: words[1]?.column ?? 0,
        },
        code: 'test',
        message: `${name}: will not have ${word}`,
        hint: '',
        trail: [],
      }));
  const check = (candidate: ConfigTree): Diagnostic[] => refusals(candidate, 'REFUSE');
  const changes = (candidate: ConfigTree) =>
    JSON.stringify(candidate) === JSON.stringify(tree)
      ? []
      : [{ kind: ChangeKind.CHANGE_KIND_UPDATE, subject: name, details: [] }];

  process.on('SIGURG', () => {
    const command = JSON.parse(readFileSync(join(context.stateDir, `${name}.do`), 'utf8')) as Command;
    if (command.hangMs !== undefined) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, command.hangMs);
    if (command.delayMs !== undefined) delayMs = command.delayMs;
    if (command.instance !== undefined) instances.set(command.instance.name, vrrpInstance(command.instance));
    if (command.session !== undefined) sessions.set(command.session.name, bfdSession(command.session));
    if (command.destination !== undefined) destinations.set(command.destination.address, command.destination.weight);
    const notifications = Array.from({ length: command.notifications ?? 0 }, () =>
      Notification.fromPartial({ lane: `instance ${name}`, summary: `note ${++told}` }),
    );
    context.events.publish(event(notifications, command.instance === undefined ? [] : [command.instance.name]));
  });

  const services: RpcService[] = [];
  if (name === 'ipvsd') {
    services.push(
      rpcService(IpvsServiceDefinition, {
        async apply(request) {
          note({ call: 'apply', request: ApplyRequest.toJSON(request) });
          return { operations: 1, errors: [] };
        },
        async setSyncRole(request) {
          note({ call: 'setSyncRole', request: SetSyncRoleRequest.toJSON(request) });
          return {};
        },
        async getStatistics() {
          return { services: [] };
        },
      }),
    );
  }
  if (name === 'healthcheckerd') {
    services.push(
      rpcService(HealthServiceDefinition, {
        async informVrrp(request) {
          note({ call: 'informVrrp', addresses: request.addresses.map((address) => address.address) });
          return {};
        },
        async informSessions(request) {
          note({ call: 'informSessions', sessions: request.sessions.map(sessionText) });
          return {};
        },
      }),
    );
  }
  if (name === 'vrrpd') {
    services.push(
      rpcService(VrrpServiceDefinition, {
        async informBfd(request) {
          note({ call: 'informBfd', sessions: request.sessions.map(sessionText) });
          return {};
        },
      }),
    );
  }
  if (name === 'notifierd') {
    services.push(
      rpcService(NotifyServiceDefinition, {
        async deliver(request) {
          if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
          for (const notification of request.notifications) {
            told++;
            const { service, sequence, index } = notification.id ?? { service: '', sequence: 0n, index: 0 };
            note({ call: 'deliver', service, sequence: Number(sequence), index, summary: notification.summary });
          }
          return { accepted: request.notifications.length, duplicates: 0 };
        },
      }),
    );
  }

  return {
    services,
    behaviour: {
      name,
      validate: check,
      plan: (candidate) => ({ diagnostics: check(candidate), changes: changes(candidate) }),
      async configure(candidate, generation) {
        if (refusals(candidate, 'DEADLY').length > 0) process.kill(process.pid, 'SIGKILL');
        const diagnostics = [...check(candidate), ...refusals(candidate, 'LATE')];
        if (diagnostics.length > 0) return { accepted: false, diagnostics, changes: [] };
        const planned = changes(candidate);
        tree = candidate;
        const words = candidate.statements.map((statement) => statement.words.map((word) => word.text));
        const before = instances;
        instances = new Map(
          words
            .filter(([keyword]) => keyword === 'vrrp_instance')
            .map(([, key = '']) => [key, before.get(key) ?? vrrpInstance({ name: key, state: 'BACKUP' })]),
        );
        destinations = new Map(
          words
            .filter(([keyword]) => keyword === 'virtual_server')
            .map(([, address = '', port = '1']) => [address, Number(port)]),
        );
        const known = sessions;
        sessions = new Map(
          words
            .filter(([keyword]) => keyword === 'bfd_instance' && name === 'bfdd')
            .map(([, key = '']) => [key, known.get(key) ?? bfdSession({ name: key, up: true })]),
        );
        note({ call: 'configure', generation: Number(generation), words });
        return { accepted: true, diagnostics: [], changes: planned };
      },
      state,
      impairments: () => [],
      async stop({ keepKernelState }) {
        note({ call: 'stop', keepKernelState });
        writeFileSync(join(context.stateDir, `${name}.stopped`), '');
        if (name === 'vrrpd') {
          context.events.publish(event([Notification.fromPartial({ lane: 'instance', summary: 'stopped' })]));
        }
      },
    },
  };
}

function vrrpInstance({ name: key, state }: { name: string; state: 'BACKUP' | 'MASTER' | 'FAULT' }): VrrpInstance {
  return VrrpInstanceMessage.fromPartial({
    name: key,
    interface: 'lo',
    vrid: 1,
    family: 4,
    version: 2,
    state: VrrpStateName[`VRRP_STATE_NAME_${state}`],
    effectivePriority: 100,
    addresses: [{ address: '192.0.2.1/24', interface: 'lo', present: state === 'MASTER' }],
  });
}

function bfdSession({ name: key, up }: { name: string; up: boolean }): BfdSession {
  return BfdSession.fromPartial({
    name: key,
    state: up ? BfdStateName.BFD_STATE_NAME_UP : BfdStateName.BFD_STATE_NAME_DOWN,
    settled: true,
    tellsVrrp: true,
    tellsCheckers: key !== 'VRRP_ONLY',
  });
}

function sessionText({ name: key, up }: BfdReading): string {
  return `${key} ${up ? 'up' : 'down'}`;
}
