import { readLineOptions } from '../../../shared/config/lineOptions.js';
import type { Block } from '../../../shared/config/readBlock.js';
import type { Reporter } from '../../../shared/config/reporter.js';
import type { Statement, Word } from '../../../shared/config/tree.js';
import { formatIpAddress, isMulticast, parseIpAddress } from '../../../shared/net/address.js';
import * as K from '../keywords/unicast.js';
import type { UnicastConfig, UnicastPeer } from '../model.js';

/** TTL of unicast advertisements (as for multicast), and keepalived's hop limit: it leaves that to the kernel. */
const DEFAULT_TTL = { 4: 255, 6: 64 } as const;
const HIGHEST_TTL = 255;

/** What an instance is called in messages, and what its addresses are. */
export interface UnicastContext {
  readonly name: string;
  readonly keyword: Word;
  readonly family: 4 | 6;
  /** `vrrp_check_unicast_src`. */
  readonly checkSource: boolean;
}

/** Reads the unicast keywords of an instance; undefined: it is a multicast one. */
export function readUnicast(block: Block, context: UnicastContext, report: Reporter): UnicastConfig | undefined {
  const peers = block.lines(K.UNICAST_PEER).flatMap((line) => readPeer(line, context, report) ?? []);
  const wanted =
    block.lines(K.UNICAST_PEER).length === 0 &&
    [K.UNICAST_PEER, K.UNICAST_SRC_IP, K.UNICAST_TTL].some((spec) => block.has(spec));
  const faultWithoutPeers = block.has(K.UNICAST_FAULT_NO_PEER);
  if (peers.length === 0 && !faultWithoutPeers) {
    if (wanted) warnOfNoPeers(block, context, report);
    return undefined;
  }
  if (peers.length === 0) {
    const place = block.last(K.UNICAST_FAULT_NO_PEER)?.keyword;
    const message = `${context.name}: there are no unicast peers, so the instance stays in FAULT`;
    report.warning(place, 'no-peers', message, 'add unicast_peer, or remove unicast_fault_no_peer');
  }
  const bounded = peers.some(({ minTtl, maxTtl }) => minTtl > 0 || maxTtl < HIGHEST_TTL);
  return {
    peers,
    ttl: block.last(K.UNICAST_TTL)?.values[0] ?? DEFAULT_TTL[context.family],
    onlyPeers: context.checkSource || block.has(K.CHECK_UNICAST_SRC) || bounded,
    oldChecksum: readOldChecksum(block),
  };
}

/** The family of the first peer: that of an instance without virtual addresses. */
export function familyOfPeers(block: Block): 4 | 6 | undefined {
  const word = block.lines(K.UNICAST_PEER)[0]?.words[0];
  return word === undefined ? undefined : parseIpAddress(word.text)?.family;
}

function warnOfNoPeers(block: Block, { name, keyword }: UnicastContext, report: Reporter): void {
  const source = block.last(K.UNICAST_SRC_IP)?.keyword;
  const what =
    source === undefined ? 'unicast keywords without a peer leave' : 'unicast_src_ip without unicast_peer leaves';
  const message = `${name}: ${what} the instance multicast`;
  report.warning(source ?? keyword, 'no-peers', message, 'add unicast_peer, or write mcast_src_ip');
}

function readOldChecksum(block: Block): UnicastConfig['oldChecksum'] {
  const found = block.last(K.OLD_UNICAST_CHECKSUM);
  if (found === undefined) return 'auto';
  return found.values[0] === 'never' ? 'never' : 'always';
}

function readPeer({ words }: Statement, context: UnicastContext, report: Reporter): UnicastPeer | undefined {
  const [word, ...others] = words;
  if (word === undefined) return undefined;
  const uses = readLineOptions(others, K.PEER_OPTIONS, report);
  const bound = (spec: typeof K.PEER_MIN_TTL): number | undefined => {
    const value = uses.findLast((use) => use.spec === spec)?.values[0];
    return typeof value === 'number' ? value : undefined;
  };
  const address = parseIpAddress(word.text);
  if (address === undefined) {
    report.tolerable(word, 'bad-address', `'${word.text}' is not an IP address`);
    return undefined;
  }
  if (address.family !== context.family) {
    const message = `${context.name}: unicast peer ${formatIpAddress(address)} is not IPv${context.family} like the virtual addresses`;
    report.tolerable(word, 'mixed-families', message);
    return undefined;
  }
  if (isMulticast(address)) {
    const message = `${context.name}: unicast peer ${formatIpAddress(address)} is a multicast address`;
    report.tolerable(word, 'bad-address', message, 'write mcast_dst_ip for another multicast group');
    return undefined;
  }
  const minTtl = bound(K.PEER_MIN_TTL) ?? 0;
  const maxTtl = bound(K.PEER_MAX_TTL) ?? HIGHEST_TTL;
  if (minTtl > maxTtl) {
    const message = `${context.name}: min_ttl ${minTtl} is above max_ttl ${maxTtl}: nothing of that peer would be heard`;
    report.error(word, 'out-of-range', message);
  }
  return { address, minTtl, maxTtl };
}
