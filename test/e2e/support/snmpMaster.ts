/** Debian's snmpd as a master agent of its own, and net-snmp's npm namesake as the client and receiver that judge. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createReceiver, createSession, Version2c } from 'net-snmp';
import { Background, command, freeUdpPort } from './program.js';
import { until } from './suite.js';

/** A trap that came. */
export interface ReceivedTrap {
  readonly oid: string;
  readonly values: ReadonlyMap<string, unknown>;
}

const SNMP_TRAP_OID = '1.3.6.1.6.3.1.1.4.1.0';

export class SnmpMaster {
  readonly traps: ReceivedTrap[] = [];
  readonly socket: string;
  readonly #directory: string;
  readonly #port: number;
  readonly #receiver: { close(): void };
  #daemon: Background | undefined;

  private constructor(directory: string, port: number, trapPort: number) {
    this.#directory = directory;
    this.#port = port;
    this.socket = join(directory, 'agentx');
    this.#receiver = createReceiver(
      { port: trapPort, address: '127.0.0.1', disableAuthorization: true },
      (error: Error | null, notification: { pdu: { varbinds: { oid: string; value: unknown }[] } }) => {
        if (error !== null) throw error;
        const values = new Map(notification.pdu.varbinds.map(({ oid, value }) => [oid, value]));
        this.traps.push({ oid: String(values.get(SNMP_TRAP_OID)), values });
      },
    );
    mkdirSync(join(directory, 'persistent'), { recursive: true });
    writeFileSync(
      join(directory, 'snmpd.conf'),
      [
        'master agentx',
        `agentXSocket ${this.socket}`,
        'rwcommunity private 127.0.0.1',
        'rocommunity public 127.0.0.1',
        `trap2sink 127.0.0.1:${trapPort} public`,
        '',
      ].join('\n'),
    );
  }

  static async create(directory: string): Promise<SnmpMaster> {
    return new SnmpMaster(directory, await freeUdpPort(), await freeUdpPort());
  }

  /** Starts snmpd and waits until it answers. */
  async start(): Promise<void> {
    const args = ['-f', '-Lo', '-C', '-c', join(this.#directory, 'snmpd.conf'), '-I', '-smux', `udp:${this.#target}`];
    const environment = { ...process.env, SNMP_PERSISTENT_DIR: join(this.#directory, 'persistent') };
    const daemon = new Background('snmpd', args, environment);
    this.#daemon = daemon;
    // Short of patience: what asks before snmpd listens is not answered later.
    const asked = ['-v2c', '-c', 'public', '-t', '0.3', '-r', '0', this.#target, '1.3.6.1.2.1.1.3.0'];
    await until(
      'snmpd answers',
      () => command('snmpget', ...asked).code === 0 || undefined,
      () => daemon.said,
    );
  }

  async stop(): Promise<void> {
    await this.#daemon?.end();
    this.#daemon = undefined;
  }

  async close(): Promise<void> {
    await this.stop();
    this.#receiver.close();
  }

  /** snmpwalk: numeric names to values as it prints them. */
  walk(root: string): ReadonlyMap<string, string> {
    const { stdout } = command('snmpwalk', ...this.#flags('public'), this.#target, root);
    return new Map(
      stdout.split('\n').flatMap((line) => {
        const [, oid, value] = /^\.([0-9.]+) = (.*)$/.exec(line) ?? [];
        return oid === undefined || value === undefined || /^No (?:Such|more)/.test(value)
          ? []
          : [[oid, value] as const];
      }),
    );
  }

  /** snmpget; undefined: no such object, or no answer. */
  get(oid: string): string | undefined {
    const { stdout } = command('snmpget', ...this.#flags('public'), this.#target, oid);
    const value = / = (.*)$/m.exec(stdout)?.[1];
    return value === undefined || value.startsWith('No Such') ? undefined : value;
  }

  /** snmpset; what it complains about, empty after success. */
  set(oid: string, value: number): string {
    const { code, stderr } = command('snmpset', ...this.#flags('private'), this.#target, oid, 'i', String(value));
    return code === 0 ? '' : stderr;
  }

  /** The same objects by GetBulk requests, with another client. */
  async bulk(root: string, repetitions = 20): Promise<ReadonlyMap<string, unknown>> {
    const session = createSession('127.0.0.1', 'public', { port: this.#port, version: Version2c });
    const found = new Map<string, unknown>();
    try {
      await new Promise<void>((resolve, reject) => {
        session.subtree(
          root,
          repetitions,
          (varbinds: { oid: string; value: unknown }[]) => {
            for (const { oid, value } of varbinds) found.set(oid, value);
          },
          (error: Error | undefined) => (error ? reject(error) : resolve()),
        );
      });
    } finally {
      session.close();
    }
    return found;
  }

  get #target(): string {
    return `127.0.0.1:${this.#port}`;
  }

  #flags(community: string): readonly string[] {
    return ['-v2c', '-c', community, '-t', '3', '-r', '2', '-On', '-Oe', '-m', ''];
  }
}
