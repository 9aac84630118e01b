/** Keeps the last `limit` bytes of a stream, whatever its length. */
export class OutputTail {
  readonly #limit: number;
  #chunks: Buffer[] = [];
  #length = 0;

  /** `limit` in bytes. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk.length > this.#limit ? chunk.subarray(chunk.length - this.#limit) : chunk);
    this.#length += this.#chunks.at(-1)?.length ?? 0;
    // Joined only now and then: a script that writes byte by byte must not cost a copy per byte.
    if (this.#length > 2 * this.#limit || this.#chunks.length > 64) {
      const joined = Buffer.concat(this.#chunks);
      const kept = Buffer.from(joined.subarray(Math.max(0, joined.length - this.#limit)));
      this.#chunks = [kept];
      this.#length = kept.length;
    }
  }

  /** The tail as text; control characters other than newline and tab become `�`, so that a log stays a log. */
  text(): string {
    const joined = Buffer.concat(this.#chunks);
    return printableTail(joined.subarray(Math.max(0, joined.length - this.#limit)));
  }
}

/** Bytes a script wrote as text fit for logs and terminals; a character cut in two at the start is dropped. */
export function printableTail(bytes: Uint8Array): string {
  let start = 0;
  // UTF-8 continuation bytes (RFC 3629) at the start belong to a character that was cut off.
  while (start < Math.min(3, bytes.length) && ((bytes[start] ?? 0) & 0xc0) === 0x80) start++;
  const text = new TextDecoder().decode(bytes.subarray(start));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return text.replace(/\r\n/g, '\n').replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '\ufffd');
}
