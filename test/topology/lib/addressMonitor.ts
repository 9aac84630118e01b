/** Watches the kernel of a machine add and delete addresses (`ip monitor address`). */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Host } from './host.js';
import type { Closable, Lab } from './lab.js';

/** A running watch. */
export class AddressMonitor implements Closable {
  /** One line for each change, `Deleted …` for a deletion. */
  private text = '';

  private constructor(private readonly monitor: ChildProcess) {}

  static async start(lab: Lab, host: Host): Promise<AddressMonitor> {
    const monitor = new AddressMonitor(host.spawnInNetwork(['ip', '-o', 'monitor', 'address']));
    monitor.monitor.stdout?.setEncoding('utf8').on('data', (text: string) => {
      monitor.text += text;
    });
    lab.own(monitor);
    await monitor.proveListening(host);
    return monitor;
  }

  /** ip says nothing when it begins to listen, so a change of our own has to be seen first. */
  private async proveListening(host: Host): Promise<void> {
    for (let attempt = 0; attempt < 100 && !this.text.includes('127.9.9.9'); attempt++) {
      const lifetime = String(1000 + attempt);
      await host.ip(
        ...['address', 'replace', '127.9.9.9/32', 'dev', 'lo', 'valid_lft', lifetime, 'preferred_lft', lifetime],
      );
    }
    if (!this.text.includes('127.9.9.9')) throw new Error('ip monitor sees nothing');
    await host.ip('address', 'del', '127.9.9.9/32', 'dev', 'lo');
  }

  /** How often an address was added and deleted since the start. */
  changes(address: string): { readonly added: number; readonly deleted: number } {
    const lines = this.text.split('\n').filter((line) => line.includes(` ${address}/`));
    const deleted = lines.filter((line) => line.startsWith('Deleted')).length;
    return { added: lines.length - deleted, deleted };
  }

  async close(): Promise<void> {
    if (this.monitor.exitCode !== null || this.monitor.signalCode !== null) return;
    const gone = once(this.monitor, 'exit');
    this.monitor.kill('SIGKILL');
    await gone;
  }
}
