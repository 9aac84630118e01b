/** Notifications of nf_tables as bytes (linux/netfilter/nfnetlink.h, nf_tables.h). Pure. */
import { decodeAttributes, type NetlinkMessage, readCString } from './netlinkCodec.js';

/** NETLINK_NETFILTER of linux/netlink.h. */
export const NETLINK_NETFILTER = 12;
/** NFNLGRP_NFTABLES of nfnetlink.h: what transactions changed. */
export const NFNLGRP_NFTABLES = 7;

const NFNL_SUBSYS_NFTABLES = 10;
/** struct nfgenmsg: family (8), version (8), resource id (16). */
const NFGENMSG_BYTES = 4;
const NFT_MSG_NEWGEN = 15;
const NFTA_GEN_PROC_NAME = 3;
/** NFTA_TABLE_NAME, NFTA_CHAIN_TABLE, NFTA_RULE_TABLE, NFTA_SET_TABLE and NFTA_SET_ELEM_LIST_TABLE are all the first one. */
const NFTA_TABLE = 1;

/** One notification: something of a table was changed, or the transaction whose changes came before it ends. */
export type NftablesNote =
  | { readonly kind: 'change'; readonly table: string }
  /** `by`: name of the program (as in /proc/PID/comm); empty where the kernel does not tell. */
  | { readonly kind: 'end'; readonly by: string };

/** What a message of the group says; undefined: nothing about tables. */
export function decodeNftablesNote({ type, payload }: NetlinkMessage): NftablesNote | undefined {
  if (type >> 8 !== NFNL_SUBSYS_NFTABLES || payload.length < NFGENMSG_BYTES) return undefined;
  const attributes = decodeAttributes(payload, NFGENMSG_BYTES);
  if ((type & 0xff) === NFT_MSG_NEWGEN) {
    const name = attributes.get(NFTA_GEN_PROC_NAME);
    return { kind: 'end', by: name === undefined ? '' : readCString(name) };
  }
  const table = attributes.get(NFTA_TABLE);
  return table === undefined ? undefined : { kind: 'change', table: readCString(table) };
}
