/** Who looks at a router from its own machine: snmpd with snmpwalk and snmptrapd, a system bus with gdbus and dbus-monitor. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './eventually.js';
import type { Host } from './host.js';

/** Programs it takes. */
export const ONLOOKERS = ['snmpd', 'snmpwalk', 'snmptrapd', 'dbus-daemon', 'dbus-monitor', 'gdbus'];
const DESTINATION = 'org.keepalived.Vrrp1';
const WALK = ['snmpwalk', '-v2c', '-c', 'public', '-On', '-Oe', '-OU', '-m', '', '127.0.0.1'];

export class Onlookers {
  readonly #host: Host;
  readonly #traps: string;
  readonly #signals: string;

  private constructor(host: Host) {
    this.#host = host;
    this.#traps = join(host.directory, 'traps.log');
    this.#signals = join(host.directory, 'signals.log');
  }

  /** Starts them all and waits until they can be used. */
  static async start(host: Host): Promise<Onlookers> {
    const onlookers = new Onlookers(host);
    const [snmpd, snmptrapd, bus] = [
      join(host.directory, 'snmpd.conf'),
      join(host.directory, 'snmptrapd.conf'),
      join(host.directory, 'bus.conf'),
    ];
    mkdirSync(join(host.directory, 'persistent'), { recursive: true });
    // In the machine's own /run, where nothing of this machine is.
    const agentx = '/run/agentx';
    writeFileSync(snmpd, `master agentx\nagentXSocket ${agentx}\nrocommunity public\ntrap2sink 127.0.0.1 public\n`);
    writeFileSync(snmptrapd, 'disableAuthorization yes\n');
    writeFileSync(
      bus,
      `<busconfig><type>system</type><listen>unix:path=/run/dbus/system_bus_socket</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_type="*"/><allow receive_type="*"/></policy></busconfig>\n`,
    );
    const log = join(host.directory, 'onlookers.log');
    const environment = ['env', 'MIBS=', `SNMP_PERSISTENT_DIR=${join(host.directory, 'persistent')}`];
    await host.tryInside(['mkdir', '-p', '/run/dbus']);
    host.spawnInside(
      [...environment, 'snmpd', '-f', '-Lo', '-C', '-c', snmpd, '-I', '-smux', 'udp:127.0.0.1:161'],
      log,
    );
    const trapFlags = ['-f', '-Lf', onlookers.#traps, '-On', '-Oe', '-m', '', '-C', '-c', snmptrapd];
    host.spawnInside([...environment, 'snmptrapd', ...trapFlags, 'udp:127.0.0.1:162'], log);
    host.spawnInside(['dbus-daemon', `--config-file=${bus}`, '--nofork', '--nopidfile'], log);
    await eventually(
      'snmpd answers',
      async () => {
        const probe = ['snmpget', '-v2c', '-c', 'public', '-t', '0.3', '-r', '0', '127.0.0.1', '1.3.6.1.2.1.1.3.0'];
        const { status, stderr } = await host.tryInside(probe);
        if (status !== 0) throw new Error(`${stderr}\n${read(log)}`);
        return true;
      },
      { within: 10_000 },
    );
    await eventually('the bus answers', async () => {
      const { status } = await host.tryInside([
        'dbus-send',
        '--system',
        '--print-reply',
        '--dest=org.freedesktop.DBus',
        '/',
        'org.freedesktop.DBus.ListNames',
      ]);
      return status === 0;
    });
    host.spawnInside(['dbus-monitor', '--system', `type='signal',sender='${DESTINATION}'`], onlookers.#signals);
    await eventually('dbus-monitor listens', () => existsSync(onlookers.#signals) && read(onlookers.#signals) !== '');
    return onlookers;
  }

  /** snmpwalk: numeric names to values as it prints them. */
  async walk(...roots: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>();
    for (const root of roots) {
      const { stdout } = await this.#host.tryInside([...WALK, root]);
      for (const line of stdout.split('\n')) {
        const [, oid, value] = /^\.([0-9.]+) = (.*?) *$/.exec(line) ?? [];
        if (oid !== undefined && value !== undefined && !/^No (?:Such|more)/.test(value)) found.set(oid, value);
      }
    }
    return found;
  }

  /** The traps that came: the trap, then each name and value. */
  traps(): string[][] {
    return read(this.#traps)
      .split('\n')
      .filter((line) => line.includes('.1.3.6.1.6.3.1.1.4.1.0 ='))
      .map((line) =>
        line
          .slice(line.indexOf('.1.3.6.1.6.3.1.1.4.1.0 ='))
          .split('\t')
          .map((pair) => pair.replace('.1.3.6.1.6.3.1.1.4.1.0 = OID: ', '').trim()),
      );
  }

  /** The signals that came: path, member and what they carry. */
  signals(): string[] {
    const text = read(this.#signals);
    return [...text.matchAll(/path=(\/org\/keepalived[^;]*); interface=[^;]*; member=(\w+)\n(?: +uint32 (\d+))?/g)].map(
      ([, path = '', member = '', value]) => [path, member, value].filter((part) => part !== undefined).join(' '),
    );
  }

  /** gdbus introspect of a path and everything below, comments and standard interfaces left out. */
  async introspect(path: string): Promise<string> {
    const command = ['gdbus', 'introspect', '--system', '--dest', DESTINATION, '--object-path', path, '--recurse'];
    const { stdout } = await this.#host.tryInside(command);
    return stdout
      .replace(/interface org\.freedesktop\.DBus\.\w+ \{[\s\S]*?\n +\};\n/g, '')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .join('\n');
  }
}

const read = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8') : '');
