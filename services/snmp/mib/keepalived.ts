/** KEEPALIVED-MIB: where its parts are. The numbers are those of the MIB that keepalived 2.2.7 brings. Pure. */
import { parseOid } from '../agentx/oid.js';

/** `keepalived` of KEEPALIVED-MIB. */
export const KEEPALIVED = parseOid('1.3.6.1.4.1.9586.100.5');
export const GLOBAL = [...KEEPALIVED, 1];
export const MAIL = [...GLOBAL, 3];
export const VRRP = [...KEEPALIVED, 2];
export const CHECK = [...KEEPALIVED, 3];

/** The entry of a table. */
export const entryOf = (part: readonly number[], table: number): readonly number[] => [...part, table, 1];

/** Where `routerId` is, which every trap carries. */
export const ROUTER_ID_OBJECT = [...GLOBAL, 2, 0];
