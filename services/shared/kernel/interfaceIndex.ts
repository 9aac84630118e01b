/** Numbers of network interfaces. */
import { libc } from './libc.js';

/** The number of an interface in the network namespace of this process; undefined: there is none of this name. */
export const interfaceIndex = (name: string): number | undefined => libc.if_nametoindex(name) || undefined;
