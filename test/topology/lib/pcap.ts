/** Reads the packets of a pcap stream with nanosecond timestamps, as `tcpdump --time-stamp-precision=nano -w -` writes it. */

/** One captured frame. */
export interface CapturedFrame {
  /** Kernel timestamp, milliseconds since 1970. */
  readonly at: number;
  readonly bytes: Buffer;
}

const MAGIC_NANOSECONDS = 0xa1b23c4d;
const FILE_HEADER = 24;
const RECORD_HEADER = 16;

/** Give it chunks as they come; it gives back whole frames. */
export class PcapReader {
  private pending: Buffer = Buffer.alloc(0);
  private headerSeen = false;

  push(chunk: Buffer): CapturedFrame[] {
    this.pending = this.pending.length === 0 ? chunk : Buffer.concat([this.pending, chunk]);
    const frames: CapturedFrame[] = [];
    if (!this.headerSeen) {
      if (this.pending.length < FILE_HEADER) return frames;
      if (this.pending.readUInt32LE(0) !== MAGIC_NANOSECONDS) throw new Error('not a nanosecond pcap stream');
      this.pending = this.pending.subarray(FILE_HEADER);
      this.headerSeen = true;
    }
    while (this.pending.length >= RECORD_HEADER) {
      const length = this.pending.readUInt32LE(8);
      if (this.pending.length < RECORD_HEADER + length) break;
      const at = this.pending.readUInt32LE(0) * 1_000 + this.pending.readUInt32LE(4) / 1e6;
      frames.push({ at, bytes: this.pending.subarray(RECORD_HEADER, RECORD_HEADER + length) });
      this.pending = this.pending.subarray(RECORD_HEADER + length);
    }
    return frames;
  }
}
