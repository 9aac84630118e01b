/** Values of managed objects and their types (RFC 2741, 5.4). Pure. */
import type { Oid } from './oid.js';

/** Types as they stand in a variable binding. */
export const VALUE_TYPES = {
  integer: 2,
  octets: 4,
  null: 5,
  oid: 6,
  ipAddress: 64,
  counter32: 65,
  gauge32: 66,
  timeTicks: 67,
  opaque: 68,
  counter64: 70,
  noSuchObject: 128,
  noSuchInstance: 129,
  endOfMibView: 130,
} as const;

/** A value with its type. */
export type SnmpValue =
  | { readonly type: 'integer' | 'counter32' | 'gauge32' | 'timeTicks'; readonly value: number }
  | { readonly type: 'counter64'; readonly value: bigint }
  | { readonly type: 'octets' | 'ipAddress' | 'opaque'; readonly value: Uint8Array }
  | { readonly type: 'oid'; readonly value: Oid }
  | { readonly type: 'null' | 'noSuchObject' | 'noSuchInstance' | 'endOfMibView' };

/** A name and what it holds. */
export interface Varbind {
  readonly oid: Oid;
  readonly value: SnmpValue;
}

export const integer = (value: number): SnmpValue => ({ type: 'integer', value });
/** Unsigned32 has the same type. */
export const gauge32 = (value: number): SnmpValue => ({ type: 'gauge32', value: Math.min(value, 0xffff_ffff) });
/** Wraps, as counters do. */
export const counter32 = (value: bigint): SnmpValue => ({
  type: 'counter32',
  value: Number(BigInt.asUintN(32, value)),
});
export const counter64 = (value: bigint): SnmpValue => ({ type: 'counter64', value: BigInt.asUintN(64, value) });
export const octets = (value: Uint8Array): SnmpValue => ({ type: 'octets', value });
export const text = (value: string): SnmpValue => octets(Buffer.from(value));
export const oidValue = (value: Oid): SnmpValue => ({ type: 'oid', value });
/** TruthValue of SNMPv2-TC: true(1), false(2). Most `enabled(1), disabled(2)` have the same numbers. */
export const truth = (value: boolean): SnmpValue => integer(value ? 1 : 2);
