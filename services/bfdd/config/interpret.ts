/** From the statement tree to what bfdd runs on. */
import * as K from '../../shared/config/bfd.js';
import type { Interpretation } from '../../shared/config/diagnostic.js';
import { readGlobals } from '../../shared/config/globals.js';
import { type Occurrence, readBlock } from '../../shared/config/readBlock.js';
import { Reporter } from '../../shared/config/reporter.js';
import { readAutomaticPriority, readScheduling } from '../../shared/config/scheduling.js';
import { statementsOf } from '../../shared/config/topLevel.js';
import type { ConfigTree, Word } from '../../shared/config/tree.js';
import { formatIpAddress, type IpAddress, isLinkLocal, isMulticast } from '../../shared/net/address.js';
import { type Micros, micros, millis } from '../../shared/time/duration.js';
import { endsOf } from '../configDiff.js';
import type { BfdConfig, BfdInstanceConfig } from './model.js';

type Found = Occurrence<typeof K.BFD_INSTANCE.arguments>;

/** RFC 5881 section 5. */
const HOPS_SENT = 255;
/** What keepalived sends with over IPv6 when nothing else is configured. */
const KEEPALIVED_HOP_LIMIT = 64;
const IDLE_TX = millis(1000);

/** Gives meaning to bfdd's part of a tree. */
export function interpretBfdConfig(tree: ConfigTree): Interpretation<BfdConfig> {
  const report = new Reporter(tree.files, tree.lenient);
  const block = readBlock(statementsOf(tree, 'bfdd'), K.BFD_TABLE, report);
  const instances: BfdInstanceConfig[] = [];
  const seen = new Map<string, Word>();
  const ends = new Map<string, string>();
  for (const found of block.all(K.BFD_INSTANCE)) {
    const [name] = found.values;
    const earlier = seen.get(name);
    if (earlier !== undefined) {
      const hint = `first on line ${earlier.line}`;
      report.error(found.keyword, 'duplicate-name', `bfd_instance ${name} already exists`, hint);
      continue;
    }
    seen.set(name, found.keyword);
    const instance = readInstance(found, name, report);
    if (instance === undefined) continue;
    const key = endsOf(instance);
    const other = ends.get(key);
    if (other !== undefined) {
      const message = `bfd_instance ${name} has the same ends as ${other}: packets could not be told apart`;
      report.error(found.keyword, 'duplicate-session', message, 'remove one, or give each a source_ip of its own');
      continue;
    }
    ends.set(key, name);
    instances.push(instance);
  }
  if (report.hasErrors) return { diagnostics: report.diagnostics };
  const globals = readGlobals(tree);
  const scheduling = readScheduling(globals, 'bfd');
  const automaticPriority = readAutomaticPriority(globals);
  return { model: { instances, scheduling, automaticPriority }, diagnostics: report.diagnostics };
}

function readInstance({ block, keyword }: Found, name: string, report: Reporter): BfdInstanceConfig | undefined {
  const neighbor = block.last(K.NEIGHBOR_IP);
  const sourceWord = block.last(K.SOURCE_IP);
  if (neighbor === undefined) {
    const message = `bfd_instance ${name} has no valid neighbor_ip`;
    report.error(keyword, 'missing-keyword', message, "add 'neighbor_ip' to it");
    return undefined;
  }
  const [to] = neighbor.values;
  const from = sourceWord?.values[0];
  if (from !== undefined && from.family !== to.family) {
    const message = `bfd_instance ${name}: source_ip and neighbor_ip must be of one family`;
    report.error(sourceWord?.keyword, 'mixed-families', message);
    return undefined;
  }
  if (!isReachable(to)) {
    const message = `bfd_instance ${name}: neighbor_ip ${formatIpAddress(to)} cannot be the address of one neighbour`;
    report.error(neighbor.keyword, 'bad-address', message, 'write a unicast address that needs no interface');
    return undefined;
  }
  const interval = (spec: typeof K.MIN_RX, absent: Micros): Micros => {
    const value = block.last(spec)?.values[0];
    return value === undefined ? absent : micros(Math.round(value * 1000));
  };
  const settings = {
    minTx: interval(K.MIN_TX, millis(10)),
    minRx: interval(K.MIN_RX, millis(10)),
    idleTx: interval(K.IDLE_TX, IDLE_TX),
    multiplier: block.last(K.MULTIPLIER)?.values[0] ?? 5,
    passive: block.has(K.PASSIVE),
  };
  // keepalived takes either word for either family.
  const [own, other] = to.family === 4 ? [K.BFD_TTL, K.BFD_HOPLIMIT] : [K.BFD_HOPLIMIT, K.BFD_TTL];
  const hops = (block.last(own) ?? block.last(other))?.values[0];
  const { vrrp, checkers } = K.audienceOf(block);
  return {
    name,
    neighbor: to,
    source: from,
    settings,
    ttl: hops ?? HOPS_SENT,
    neighborTtl: hops ?? (to.family === 4 ? HOPS_SENT : KEEPALIVED_HOP_LIMIT),
    maxHops: block.last(K.MAX_HOPS)?.values[0] ?? 0,
    tellsVrrp: vrrp,
    tellsCheckers: checkers,
    position: report.position(keyword),
  };
}

/** IPv6 link-local addresses need an interface, which `bfd_instance` has no word for. */
function isReachable(address: IpAddress): boolean {
  if (isMulticast(address) || address.bytes.every((byte) => byte === 0)) return false;
  return address.family === 4 || !isLinkLocal(address);
}
