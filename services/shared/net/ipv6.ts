const HEX_GROUP = /^[0-9a-fA-F]{1,4}$/;

function parseSide(
  text: string,
  mayEndInIpv4: boolean,
  parseIpv4: (text: string) => Uint8Array | undefined,
): number[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  const groups: number[] = [];
  for (const [index, part] of parts.entries()) {
    if (part.includes('.')) {
      // RFC 4291 2.2 (3): only the last 32 bits may be written as an IPv4 address.
      const ipv4 = mayEndInIpv4 && index === parts.length - 1 ? parseIpv4(part) : undefined;
      if (ipv4 === undefined) return undefined;
      const [a = 0, b = 0, c = 0, d = 0] = ipv4;
      groups.push((a << 8) | b, (c << 8) | d);
    } else {
      if (!HEX_GROUP.test(part)) return undefined;
      groups.push(Number.parseInt(part, 16));
    }
  }
  return groups;
}

/** Reads the text forms of RFC 4291 2.2 into eight 16-bit groups; anything else gives undefined. */
export function parseIpv6Groups(
  text: string,
  parseIpv4: (text: string) => Uint8Array | undefined,
): readonly number[] | undefined {
  const gap = text.indexOf('::');
  if (gap < 0) {
    const groups = parseSide(text, true, parseIpv4);
    return groups?.length === 8 ? groups : undefined;
  }
  const left = parseSide(text.slice(0, gap), false, parseIpv4);
  const right = parseSide(text.slice(gap + 2), true, parseIpv4);
  if (left === undefined || right === undefined) return undefined;
  // `::` stands for at least one group of zeros.
  const missing = 8 - left.length - right.length;
  if (missing < 1) return undefined;
  return [...left, ...new Array<number>(missing).fill(0), ...right];
}
