import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  writeSync,
} from 'node:fs';
import { crc32 } from './crc32.js';

const MAGIC = 'KWRESUM1';
/** Magic (8), slot bytes (4), reserved (4), boot id (36), padded. */
const HEADER_BYTES = 64;
/** Length (2), reserved (2), CRC-32 of the bytes (4). */
const SLOT_HEADER = 8;

/**
 * Fixed-size records that outlive a crash of the process: each `write` is one pwrite(2) of a few microseconds into the
 * page cache, which stays when the process is killed. Meant for tmpfs (`/run`); nothing is ever synced to a disk.
 *
 * ```
 *  0 "KWRESUM1" | 8 slot bytes (32) | 16 boot id (36 characters) | … 64
 * 64 slot 0: length (16) | 0 (16) | CRC-32 (32) | bytes …
 *    slot 1: …
 * ```
 * A record of another boot is not offered: monotonic times in it would be meaningless. A record torn by a crash fails its
 * CRC and counts as absent.
 */
export class ResumeFile {
  readonly path: string;
  readonly #fd: number;
  readonly #slotBytes: number;
  readonly #buffer: Buffer;
  #closed = false;

  /**
   * Opens or creates the file (mode 0600). A file of another layout, another boot, or no resume file at all, is emptied.
   * `recordBytes` is the most a record may hold. Throws the file system's error.
   */
  constructor(path: string, recordBytes: number, bootId: string = readBootId()) {
    this.path = path;
    this.#slotBytes = SLOT_HEADER + recordBytes;
    this.#buffer = Buffer.alloc(this.#slotBytes);
    const header = headerOf(this.#slotBytes, bootId);
    this.#fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    try {
      fchmodSync(this.#fd, 0o600);
      const found = Buffer.alloc(HEADER_BYTES);
      readSync(this.#fd, found, 0, HEADER_BYTES, 0);
      if (!found.equals(header)) {
        ftruncateSync(this.#fd, 0);
        writeSync(this.#fd, header, 0, HEADER_BYTES, 0);
      }
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
  }

  /** Every whole record, by slot; a copy. */
  records(): Map<number, Buffer> {
    return recordsOf(this.#fd, this.#slotBytes);
  }

  /** Replaces a record. Throws RangeError for a record that does not fit, or the file system's error (ENOSPC). */
  write(slot: number, record: Buffer): void {
    if (record.length > this.#slotBytes - SLOT_HEADER) {
      throw new RangeError(`a resume record of ${record.length} bytes does not fit ${this.#slotBytes - SLOT_HEADER}`);
    }
    if (this.#closed) throw new Error(`resume file ${this.path} is closed`);
    this.#buffer.fill(0);
    this.#buffer.writeUInt16LE(record.length, 0);
    this.#buffer.writeUInt32LE(crc32(record), 4);
    record.copy(this.#buffer, SLOT_HEADER);
    writeSync(this.#fd, this.#buffer, 0, this.#slotBytes, HEADER_BYTES + slot * this.#slotBytes);
  }

  /** Empties a record. Throws the file system's error. */
  clear(slot: number): void {
    this.write(slot, Buffer.alloc(0));
  }

  /** Closes the file and leaves its records for the next start. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#fd);
  }
}

/**
 * The records of a file that another process writes; nothing is changed. Undefined when there is no such file, or one of
 * another layout or boot.
 */
export function readResumeFile(
  path: string,
  recordBytes: number,
  bootId: string = readBootId(),
): Map<number, Buffer> | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch {
    return undefined;
  }
  try {
    const slotBytes = SLOT_HEADER + recordBytes;
    const found = Buffer.alloc(HEADER_BYTES);
    readSync(fd, found, 0, HEADER_BYTES, 0);
    return found.equals(headerOf(slotBytes, bootId)) ? recordsOf(fd, slotBytes) : undefined;
  } finally {
    closeSync(fd);
  }
}

function headerOf(slotBytes: number, bootId: string): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write(MAGIC, 0, 'latin1');
  header.writeUInt32LE(slotBytes, 8);
  header.write(bootId, 16, 36, 'latin1');
  return header;
}

function recordsOf(fd: number, slotBytes: number): Map<number, Buffer> {
  const bytes = Buffer.alloc(Math.max(0, fstatSync(fd).size - HEADER_BYTES));
  readSync(fd, bytes, 0, bytes.length, HEADER_BYTES);
  const records = new Map<number, Buffer>();
  for (let slot = 0; (slot + 1) * slotBytes <= bytes.length; slot++) {
    const start = slot * slotBytes;
    const length = bytes.readUInt16LE(start);
    if (length === 0 || length > slotBytes - SLOT_HEADER) continue;
    const record = bytes.subarray(start + SLOT_HEADER, start + SLOT_HEADER + length);
    if (crc32(record) === bytes.readUInt32LE(start + 4)) records.set(slot, record);
  }
  return records;
}

/** Changes at every boot of the machine (random(4)). */
export const readBootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
