import type { Block } from '../../../../shared/config/readBlock.js';
import type { UdpCheckConfig } from '../../checkerModel.js';
import * as C from '../../keywords/checkers.js';

const MAX_REPLY_LENGTH = 255;

/** Reads what is particular to UDP_CHECK. Digits that are none were reported and are left out. */
export function readUdp(block: Block): Pick<UdpCheckConfig, 'payload' | 'reply'> {
  const payload = block.last(C.PAYLOAD)?.values[0];
  const expected = block.last(C.REQUIRE_REPLY)?.values[0];
  const { bytes, mask } = hexBytes(expected ?? []);
  return {
    ...(payload === undefined ? {} : { payload: hexBytes(payload).bytes }),
    ...(expected === undefined
      ? {}
      : {
          reply: {
            bytes,
            mask,
            minLength: block.last(C.MIN_REPLY_LENGTH)?.values[0] ?? 0,
            maxLength: block.last(C.MAX_REPLY_LENGTH)?.values[0] ?? MAX_REPLY_LENGTH,
          },
        }),
  };
}

/**
 * `Ab12f 3 456` is AB 12 0F 03 45 06 (keepalived.conf(5)): each word is taken in pairs, a digit left over is a byte of its own.
 * The four bits of an `x` do not matter.
 */
export function hexBytes(words: readonly string[]): { readonly bytes: Uint8Array; readonly mask: Uint8Array } {
  const bytes: number[] = [];
  const mask: number[] = [];
  for (const word of words.filter((text) => /^[0-9a-fA-FxX]+$/.test(text))) {
    for (const pair of word.match(/..?/g) ?? []) {
      const digits = pair.padStart(2, '0');
      bytes.push(Number.parseInt(digits.replace(/x/gi, '0'), 16));
      mask.push(Number.parseInt(digits.replace(/[^x]/gi, 'f').replace(/x/gi, '0'), 16));
    }
  }
  return { bytes: Uint8Array.from(bytes), mask: Uint8Array.from(mask) };
}
