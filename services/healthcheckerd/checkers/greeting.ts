/** What UDP_CHECK and PING_CHECK say to a server, so that somebody who looks at packets knows who asks: keepalived's own words. */
export function greetingBytes(length: number): Uint8Array {
  return Buffer.alloc(length, 'keepalived check - ', 'latin1');
}
