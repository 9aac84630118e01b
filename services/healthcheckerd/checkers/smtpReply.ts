/** One reply of an SMTP server (RFC 5321 4.2), which may have several lines. Pure. */

/** A line is at most 512 bytes by RFC 5321 4.5.3.1.5; servers are not that strict. */
const MAX_REPLY_BYTES = 16 * 1024;
const LINE_END = 0x0a;

export class SmtpReply {
  #line = Buffer.alloc(0);
  #bytes = 0;
  /** The reply goes on without an end. */
  tooLong = false;
  /** Its code once it is complete; undefined for what is no reply of SMTP. */
  code: number | undefined;
  lastLine = '';

  /** Takes what arrived. Once the reply is complete: what is left after it. */
  take(chunk: Buffer): Buffer | undefined {
    let rest = chunk;
    for (;;) {
      const end = rest.indexOf(LINE_END);
      this.#bytes += end < 0 ? rest.length : end + 1;
      if (this.#bytes > MAX_REPLY_BYTES) {
        this.tooLong = true;
        return undefined;
      }
      if (end < 0) {
        this.#line = Buffer.concat([this.#line, rest]);
        return undefined;
      }
      this.lastLine = Buffer.concat([this.#line, rest.subarray(0, end)])
        .toString('latin1')
        .replace(/\r$/, '')
        .slice(0, 80);
      this.#line = Buffer.alloc(0);
      rest = rest.subarray(end + 1);
      const [, code, separator] = /^([0-9]{3})(.?)/.exec(this.lastLine) ?? [];
      if (separator === '-') continue;
      this.code = code === undefined || (separator !== '' && separator !== ' ') ? undefined : Number(code);
      return rest;
    }
  }
}
