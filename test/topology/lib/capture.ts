/** Records the advertisements and ARP packets of a bridge with the kernel's timestamps, by tcpdump. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { eventually, type PollLimits } from './eventually.js';
import { type Advert, type Arp, decodeFrame, type NeighbourAdvert } from './frames.js';
import type { Lab } from './lab.js';
import { PcapReader } from './pcap.js';

/** A running recording. */
export class Capture {
  readonly adverts: Advert[] = [];
  readonly arps: Arp[] = [];
  readonly neighbours: NeighbourAdvert[] = [];

  private constructor(private readonly tcpdump: ChildProcess) {}

  static async start(lab: Lab, bridge = 'lan', filter = 'ip proto 112 or arp'): Promise<Capture> {
    const options = ['-p', '-n', '-U', '--immediate-mode', '--time-stamp-precision=nano', '-Z', 'root', '-w', '-'];
    // In immediate mode each packet takes a place of the snapshot length: the default of 256 KiB leaves room for eight.
    options.push('-s', '2048', '-B', '16384');
    const tcpdump = lab.network.host.spawnInNetwork(['tcpdump', '-i', bridge, ...options, filter]);
    const capture = new Capture(tcpdump);
    const reader = new PcapReader();
    tcpdump.stdout?.on('data', (chunk: Buffer) => {
      for (const frame of reader.push(chunk)) {
        const decoded = decodeFrame(frame);
        if (decoded?.kind === 'advert') capture.adverts.push(decoded);
        else if (decoded?.kind === 'arp') capture.arps.push(decoded);
        else if (decoded) capture.neighbours.push(decoded);
      }
    });
    let messages = '';
    tcpdump.stderr?.on('data', (chunk: Buffer) => {
      messages += chunk.toString();
    });
    await eventually('tcpdump listens', () => {
      if (tcpdump.exitCode !== null) throw new Error(messages);
      return messages.includes('listening on');
    });
    return lab.own(capture);
  }

  /** The first advertisement that fits, already recorded or still to come. */
  advert(what: string, fits: (advert: Advert) => boolean, limits?: PollLimits): Promise<Advert> {
    return eventually(`advertisement: ${what}`, () => this.adverts.find(fits), { every: 5, ...limits });
  }

  /** The first advertisement of a router after a moment, one of a live master (not priority 0). */
  advertOf(source: string, since = 0, within = 8_000): Promise<Advert> {
    const fits = (advert: Advert) => advert.source === source && advert.at > since && advert.priority > 0;
    return this.advert(`${source} is master`, fits, { within });
  }

  lastAdvert(fits: (advert: Advert) => boolean): Advert | undefined {
    return this.adverts.findLast(fits);
  }

  /** Gratuitous ARP for an address: sender and target are the same. */
  gratuitous(address: string, since = 0): Arp[] {
    return this.arps.filter((arp) => arp.at >= since && arp.sender === address && arp.target === address);
  }

  async close(): Promise<void> {
    if (this.tcpdump.exitCode !== null || this.tcpdump.signalCode !== null) return;
    const gone = once(this.tcpdump, 'exit');
    this.tcpdump.kill('SIGTERM');
    await gone;
  }
}
