/** A router on which the commands of the documentation are typed as they stand there, and the peer that it needs. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { bringUp } from '../../topology/lib/bringUp.js';
import type { CommandResult } from '../../topology/lib/command.js';
import { block, configuration, instance } from '../../topology/lib/config.js';
import { eventually } from '../../topology/lib/eventually.js';
import type { Host } from '../../topology/lib/host.js';
import { Lab } from '../../topology/lib/lab.js';
import { addRouter } from '../../topology/lib/pair.js';
import { builtCommand, keepwatch } from '../../topology/lib/software.js';

const VIP = '10.9.0.100';
const COMMANDS = ['keepwatchd', 'keepwatchctl'];
/** An empty /etc/keepalived and /etc/keepwatch among everything else that is in /etc, and an empty /var/lib. */
const OWN_FOLDERS = `set -e
mkdir /run/etc
mount --rbind /etc /run/etc
mount -t tmpfs -o mode=755 tmpfs /etc
for entry in /run/etc/*; do ln -s "$entry" /etc/; done
rm -f /etc/keepalived /etc/keepwatch /etc/hosts
mkdir /etc/keepalived /etc/keepwatch
mount -t tmpfs -o mode=755 tmpfs /var/lib
echo '192.0.2.1 router1.example' > /etc/hosts
ip address add 192.0.2.1/32 dev lo`;

const config = (priority: number, servers: readonly string[]): string =>
  configuration(
    instance({ priority, addresses: [`${VIP}/24`] }),
    block(`virtual_server ${VIP} 80`, [
      'lb_algo rr',
      'lb_kind NAT',
      'protocol TCP',
      ...servers.map((address) => block(`real_server ${address} 80`, ['weight 2'])),
    ]),
  );

/** See the head of the file. */
export class Machine {
  #daemon: ChildProcess | undefined;
  #log = '';

  private constructor(
    readonly lab: Lab,
    private readonly host: Host,
    private readonly peer: () => Promise<void>,
    private readonly folder: string,
    private readonly bin: string,
  ) {}

  /** Lays everything out; no daemon runs yet. */
  static async start(): Promise<Machine> {
    const lab = await Lab.start();
    try {
      const { host } = await addRouter(lab, 'typed', keepwatch, { eth0: '10.9.0.1/24' });
      const backup = await addRouter(lab, 'peer', keepwatch, { eth0: '10.9.0.2/24' });
      const folder = join(host.directory, 'here');
      const bin = join(host.directory, 'bin');
      mkdirSync(folder);
      mkdirSync(bin);
      for (const name of COMMANDS) symlinkSync(resolve(builtCommand(name)), join(bin, name));
      symlinkSync(resolve('node_modules/.bin/buf'), join(bin, 'buf'));
      const servers = ['10.0.0.2', '10.0.0.3'];
      writeFileSync(join(folder, 'keepalived.conf'), config(150, servers));
      writeFileSync(join(folder, 'new.conf'), config(140, ['10.0.0.2', '10.0.0.9']));
      const raise = () => bringUp(lab, backup, config(100, servers)).then(() => undefined);
      const machine = new Machine(lab, host, raise, folder, bin);
      const copies = ['keepalived/keepalived.conf', 'keepwatch/keepwatch.conf'];
      const made = await machine.type([OWN_FOLDERS, ...copies.map((to) => `cp keepalived.conf /etc/${to}`)].join('\n'));
      if (made.status !== 0) throw new Error(made.stderr);
      return machine;
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  /** Types a line into a shell of the machine, in a folder with two configurations. */
  type(line: string): Promise<CommandResult> {
    const script = `cd '${this.folder}' && PATH='${this.bin}':$PATH && export PATH && ${line}`;
    return this.host.tryInside(['sh', '-c', script], 60_000);
  }

  /** Starts the suite by a command that stays in the foreground, and the peer; waits until the suite is master. */
  async foreground(line: string): Promise<void> {
    const script = `cd '${this.folder}' && PATH='${this.bin}':$PATH exec ${line}`;
    const [file = '', ...args] = this.host.insideCommand(['sh', '-c', script]);
    this.#daemon = spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#daemon.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#log += text;
    });
    const master = eventually(
      `${line}: the address is here`,
      () => {
        if (this.#daemon?.exitCode !== null) throw new Error(`it ended\n${this.#log}`);
        return this.host.hasAddress('eth0', VIP);
      },
      { within: 30_000 },
    );
    await Promise.all([master, this.peer()]);
  }

  close(): Promise<void> {
    return this.lab.close();
  }
}
