/** A message bus of its own, as strict as Debian's system bus, with the policy of our package. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Background, command } from './program.js';
import { until } from './suite.js';

const POLICY = join(process.cwd(), '.ci/package/debian/org.keepalived.Vrrp1.conf');
const NAME = 'org.keepalived.Vrrp1';

export class MessageBusDaemon {
  readonly address: string;
  readonly #configFile: string;
  #daemon: Background | undefined;

  constructor(directory: string) {
    this.address = `unix:path=${join(directory, 'bus')}`;
    this.#configFile = join(directory, 'bus.conf');
    writeFileSync(
      this.#configFile,
      `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>${this.address}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus"/>
  </policy>
  <include>${POLICY}</include>
</busconfig>
`,
    );
  }

  async start(): Promise<void> {
    const daemon = new Background('dbus-daemon', [`--config-file=${this.#configFile}`, '--nofork', '--print-address']);
    this.#daemon = daemon;
    await until(
      'dbus-daemon listens',
      () => daemon.said.includes(this.address) || undefined,
      () => daemon.said,
    );
  }

  async stop(): Promise<void> {
    await this.#daemon?.end();
    this.#daemon = undefined;
  }

  /** dbus-send of a method call: what was answered, or the error. */
  send(path: string, method: string, ...args: readonly string[]): { code: number; stdout: string; stderr: string } {
    const target = [`--bus=${this.address}`, '--print-reply', `--dest=${NAME}`, path, method];
    return command('dbus-send', ...target, ...args);
  }

  /** A property of an object, as dbus-send prints it in one line. */
  property(path: string, iface: string, name: string): string {
    const args = [`string:${iface}`, `string:${name}`];
    const { stdout } = this.send(path, 'org.freedesktop.DBus.Properties.Get', ...args);
    return stdout.split('\n').slice(1).join(' ').replaceAll(/\s+/g, ' ').trim();
  }

  /** gdbus introspect of everything below a path. */
  introspect(path: string): string {
    const args = ['introspect', '--address', this.address, '--dest', NAME, '--object-path', path, '--recurse'];
    return command('gdbus', ...args).stdout;
  }

  /** Listens to all signals from now on. */
  monitor(): Background {
    return new Background('dbus-monitor', ['--address', this.address, "type='signal'"]);
  }
}
