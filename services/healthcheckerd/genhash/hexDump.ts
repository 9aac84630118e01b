/** Bytes for people, in genhash's layout. Pure. */

const PER_LINE = 16;
const HALF = 8;

/** Lines of `0016  0a 53 … - 20 53 …   .S…`: decimal offset, sixteen bytes in two halves, their printable characters. */
export function hexDump(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let offset = 0; offset < bytes.length; offset += PER_LINE) {
    let hex = '';
    let text = '';
    for (let index = 0; index < PER_LINE; index++) {
      const byte = bytes[offset + index];
      if (index === HALF) hex += '- ';
      hex += byte === undefined ? '   ' : `${byte.toString(16).padStart(2, '0')} `;
      if (byte !== undefined) text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.';
    }
    lines.push(`${String(offset).padStart(4, '0')}  ${hex}  ${text}`);
  }
  return lines.map((line) => `${line}\n`).join('');
}
