/** Every frame of a bridge as tshark understands it: the judge of MACs, groups and neighbours. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { eventually } from './eventually.js';
import type { Lab } from './lab.js';

/** One frame. */
export interface Frame {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** MAC address it came from. */
  readonly source: string;
  /** `eth:ethertype:ip:igmp`. */
  readonly protocols: string;
  /** Of an advertisement. */
  readonly vrid: number | undefined;
}

const FIELDS = ['frame.time_epoch', 'eth.src', 'frame.protocols', 'vrrp.virt_rtr_id'];

/** A running tshark. */
export class Wire {
  readonly frames: Frame[] = [];

  private constructor(private readonly tshark: ChildProcess) {}

  /** Records a port of the switch, or a whole bridge. */
  static async start(lab: Lab, device = 'lan', filter = ''): Promise<Wire> {
    const fields = FIELDS.flatMap((field) => ['-e', field]);
    const argv = [
      'tshark',
      '-l',
      '-n',
      '-p',
      '-i',
      device,
      '-T',
      'fields',
      '-E',
      'separator=;',
      ...fields,
      '-f',
      filter,
    ];
    const tshark = lab.network.host.spawnInNetwork(argv);
    const wire = new Wire(tshark);
    let partial = '';
    tshark.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (partial + text).split('\n');
      partial = lines.pop() ?? '';
      for (const line of lines) wire.read(line);
    });
    let messages = '';
    tshark.stderr?.setEncoding('utf8').on('data', (text: string) => {
      messages += text;
    });
    await eventually(
      'tshark listens',
      () => {
        if (tshark.exitCode !== null) throw new Error(messages);
        return messages.includes('Capturing on');
      },
      { within: 15_000 },
    );
    return lab.own(wire);
  }

  /** The first frame that fits, already recorded or still to come. */
  frame(what: string, fits: (frame: Frame) => boolean): Promise<Frame> {
    return eventually(`frame: ${what}`, () => this.frames.find(fits), { within: 10_000 });
  }

  private read(line: string): void {
    const [time = '', source = '', protocols = '', vrid = ''] = line.split(';');
    this.frames.push({
      at: Number(time) * 1000,
      source,
      protocols,
      vrid: vrid === '' ? undefined : Number(vrid),
    });
  }

  async close(): Promise<void> {
    if (this.tshark.exitCode !== null || this.tshark.signalCode !== null) return;
    const gone = once(this.tshark, 'exit');
    this.tshark.kill('SIGTERM');
    await gone;
  }
}
