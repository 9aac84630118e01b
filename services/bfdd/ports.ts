/** UDP ports of RFC 5881 section 4. Pure. */

/** Control packets go here. */
export const CONTROL_PORT = 3784;

/** "The source port MUST be in the range 49152 through 65535." */
const FIRST_SOURCE_PORT = 49_152;
const SOURCE_PORTS = 65_536 - FIRST_SOURCE_PORT;

/** Ports to try, each once, beginning at one given by chance. */
export function* sourcePorts(chance: number, count: number): Generator<number> {
  for (let step = 0; step < count; step++) yield FIRST_SOURCE_PORT + ((chance + step) % SOURCE_PORTS);
}
