/** Starts the optional processes (SNMP, D-Bus), each as a user of its own with a door of its own to the control API. */
import { spawn } from 'node:child_process';
import { chmodSync, readFileSync, statSync } from 'node:fs';
import { logArguments } from '../../services/shared/log/flags.js';
import type { Logger } from '../../services/shared/log/logger.js';
import {
  ControlServiceDefinition,
  type ControlServiceImplementation,
} from '../../services/shared/rpc/generated/keepwatch/v1/control.js';
import type { ModuleName, ModuleReport } from '../../services/shared/rpc/moduleMain.js';
import { moduleSocketPath } from '../../services/shared/rpc/paths.js';
import { type RpcServer, rpcService, serveUnix } from '../../services/shared/rpc/server.js';
import type { Clock } from '../../services/shared/time/clock.js';
import type { AuditLog } from '../../services/supervisor/api/auditLog.js';
import { moduleGuard } from '../../services/supervisor/api/localGuard.js';
import { limitMessages } from '../../services/supervisor/api/messageLimits.js';
import { moduleControl } from '../../services/supervisor/moduleControl.js';
import type { ModuleProcess } from '../../services/supervisor/moduleKeeper.js';
import type { ConfigParts } from '../../services/supervisor/parts.js';
import { type ServiceUser, serviceUserIn } from '../../services/supervisor/serviceHome.js';
import { childEnvironment } from '../../services/supervisor/serviceProcess.js';
import { wantedModules } from '../../services/supervisor/wantedModules.js';
import type { Flags } from './flags.js';
import { mainOf } from './installed.js';
import type { Launcher } from './launcher.js';

export interface ModuleLauncherOptions {
  readonly flags: Flags;
  readonly launcher: Launcher;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly audit: AuditLog;
  readonly control: () => ControlServiceImplementation;
}

export class ModuleLauncher {
  readonly #options: ModuleLauncherOptions;
  readonly #doors = new Map<ModuleName, Promise<RpcServer>>();

  constructor(options: ModuleLauncherOptions) {
    this.#options = options;
  }

  /** With --attach another runtime starts them, as it does the services. */
  readonly wanted = (parts: ConfigParts): ReadonlySet<ModuleName> => {
    const { attach, snmp } = this.#options.flags;
    return attach ? new Set() : wantedModules(parts, { snmp });
  };

  /** Starts one. Rejects when it cannot be started. */
  readonly start = async (name: ModuleName, told: (report: ModuleReport) => void): Promise<ModuleProcess> => {
    const { flags, launcher } = this.#options;
    const user = this.#user(name);
    await this.#door(name, user);
    const command = launcher.module(
      {
        file: process.execPath,
        args: [
          ...process.execArgv,
          mainOf(name),
          '--control',
          moduleSocketPath(flags.runDir, name),
          ...this.#flags(name),
        ],
        cwd: process.execArgv.length > 0 ? process.cwd() : '/',
      },
      user,
    );
    if ('problem' in command) throw new Error(command.problem);
    const child = spawn(command.file, [...command.args], {
      detached: true,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: childEnvironment(process.env),
      cwd: command.cwd,
    });
    child.on('message', (message) => told(message as ModuleReport));
    const ended = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(`cannot start: ${error.message}`));
      child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : `killed by ${signal}`));
    });
    return { pid: child.pid, startedAt: new Date(), ended, stop: (signal) => void child.kill(signal) };
  };

  /** Closes the doors. */
  async close(): Promise<void> {
    await Promise.all([...this.#doors.values()].map(async (door) => await (await door).close()));
  }

  #flags(name: ModuleName): readonly string[] {
    const { snmp, snmpSocket, log } = this.#options.flags;
    if (name !== 'snmp') return logArguments(log);
    return [
      ...(snmp ? ['--snmp'] : []),
      ...(snmpSocket === undefined ? [] : ['--snmp-agent-socket', snmpSocket]),
      ...logArguments(log),
    ];
  }

  async #door(name: ModuleName, user: ServiceUser | undefined): Promise<void> {
    const { flags, logger, clock, audit, control } = this.#options;
    const open = this.#doors.get(name);
    if (open !== undefined) return void (await open);
    const path = moduleSocketPath(flags.runDir, name);
    const services = [rpcService(limitMessages(ControlServiceDefinition), moduleControl(name, control()))];
    const interceptors = [moduleGuard(name, audit, clock, logger)];
    const door = serveUnix(path, services, logger, { group: user?.gid, interceptors });
    this.#doors.set(name, door);
    // The next start tries again.
    door.catch(() => this.#doors.delete(name));
    await door;
  }

  /** Whom it runs as; undefined: as this process, though without capabilities. */
  #user(name: ModuleName): ServiceUser | undefined {
    const { flags, launcher } = this.#options;
    if (process.getuid?.() !== 0 || launcher.obstacle !== undefined) return undefined;
    const user = serviceUserIn(readFileSync('/etc/passwd', 'utf8'), name);
    // What stands in it has modes of its own.
    if (user !== undefined) chmodSync(flags.runDir, statSync(flags.runDir).mode | 0o011);
    return user;
  }
}
