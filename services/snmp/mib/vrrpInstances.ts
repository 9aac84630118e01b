/** vrrpInstanceTable of KEEPALIVED-MIB. Pure. */
import { SMTP_ALERT, SMTP_ALERT_VRRP } from '../../shared/config/globals/identity.js';
import { VRRP_GARP_MASTER_DELAY, VRRP_MCAST_GROUP4, VRRP_MCAST_GROUP6 } from '../../shared/config/globals/vrrp.js';
import type { Block } from '../../shared/config/readBlock.js';
import { formatIpAddress } from '../../shared/net/address.js';
import { type VrrpInstance, VrrpStateName } from '../../shared/rpc/generated/keepwatch/v1/vrrp.js';
import { gauge32, integer, type SnmpValue, text, truth, type Varbind } from '../agentx/value.js';
import type { ConfigBlock } from '../configBlock.js';
import { inetAddress } from './inet.js';
import { entryOf, VRRP } from './keepalived.js';
import { scriptColumn } from './scripts.js';
import { table } from './table.js';
import { type Numbered, stateValue } from './vrrpNumbers.js';

export const VRRP_INSTANCE_ENTRY = entryOf(VRRP, 3);
/** Columns that traps and writes name. */
export const INSTANCE_NAME = 2;
export const INSTANCE_STATE = 4;
export const INSTANCE_INITIAL_STATE = 5;
export const INSTANCE_BASE_PRIORITY = 7;

const DEFAULT_GARP_DELAY_S = 5;
/** vrrpInstanceAuthType */
const AUTH_TYPES: ReadonlyMap<string, number> = new Map([
  ['PASS', 1],
  ['AH', 2],
]);
/** What makes `vrrpInstanceNotifyExec` enabled. */
const NOTIFY_KEYWORDS = ['notify', 'notify_master', 'notify_backup', 'notify_fault', 'notify_stop', 'notify_deleted'];

export function instanceObjects(instances: readonly Numbered<VrrpInstance>[], globals: Block): Varbind[] {
  return table(
    VRRP_INSTANCE_ENTRY,
    instances.map(({ number, item, block }) => ({ index: [number], cells: cellsOf(item, block, globals) })),
  );
}

function cellsOf(instance: VrrpInstance, block: ConfigBlock, globals: Block): Record<number, SnmpValue | undefined> {
  const present = instance.addresses.every((address) => address.present);
  return {
    2: text(instance.name),
    3: gauge32(instance.vrid),
    4: stateValue(instance.state),
    5: stateValue(instance.wantedState),
    6: stateValue(wantedNow(instance)),
    7: integer(instance.basePriority),
    8: integer(instance.effectivePriority),
    9: truth(present && instance.addresses.length > 0),
    10: text(instance.interface),
    11: truth(!block.has('dont_track_primary')),
    12: gauge32(interval(instance)),
    13: truth(instance.preempt),
    14: gauge32(Math.round(block.number('preempt_delay') ?? 0)),
    15: integer(
      instance.version === 2 ? (AUTH_TYPES.get(block.block('authentication').word('auth_type') ?? '') ?? 0) : 0,
    ),
    16: truth(block.has('lvs_sync_daemon_interface')),
    17: optionalText(block.word('lvs_sync_daemon_interface')),
    18: optionalText(instance.group),
    19: gauge32(
      block.number('garp_master_delay') ?? globals.last(VRRP_GARP_MASTER_DELAY)?.values[0] ?? DEFAULT_GARP_DELAY_S,
    ),
    20: truth(block.flag('smtp_alert') ?? mailsByDefault(globals)),
    21: truth(NOTIFY_KEYWORDS.some((name) => block.has(name))),
    22: scriptColumn(block, 'notify_master'),
    23: scriptColumn(block, 'notify_backup'),
    24: scriptColumn(block, 'notify_fault'),
    25: scriptColumn(block, 'notify_stop'),
    26: scriptColumn(block, 'notify'),
    27: instance.version === 3 ? truth(!block.has('no_accept')) : undefined,
    28: truth(block.has('promote_secondaries')),
    29: truth(block.has('linkbeat_use_polling')),
    30: integer(instance.version),
    31: scriptColumn(block, 'notify_master_rx_lower_pri'),
    32: scriptColumn(block, 'notify_deleted'),
    33: truth(block.has('notify_deleted')),
    ...multicast(instance, block, globals),
  };
}

/** Seconds of version 2, centiseconds of version 3. */
const interval = ({ version, advertIntervalMs }: VrrpInstance): number =>
  Math.round(advertIntervalMs / (version === 2 ? 1000 : 10));

/** `smtp_alert` and `smtp_alert_vrrp` of `global_defs`. */
export const mailsByDefault = (globals: Block): boolean =>
  globals.last(SMTP_ALERT_VRRP)?.values[0] ?? globals.last(SMTP_ALERT)?.values[0] ?? false;

/** What it would be by itself: an instance in FAULT wants what it was configured for. */
const wantedNow = ({ state, wantedState }: VrrpInstance): VrrpStateName =>
  state === VrrpStateName.VRRP_STATE_NAME_MASTER || state === VrrpStateName.VRRP_STATE_NAME_BACKUP
    ? state
    : wantedState;

function multicast(instance: VrrpInstance, block: ConfigBlock, globals: Block): Record<number, SnmpValue | undefined> {
  if (block.has('unicast_peer')) return {};
  const fallback = globals.last(instance.family === 4 ? VRRP_MCAST_GROUP4 : VRRP_MCAST_GROUP6)?.values[0];
  const group =
    block.word('mcast_dst_ip') ??
    (fallback === undefined ? (instance.family === 4 ? '224.0.0.18' : 'ff02::12') : formatIpAddress(fallback));
  const { type, address } = inetAddress(group);
  return { 34: type, 35: address };
}

const optionalText = (value: string | undefined): SnmpValue | undefined =>
  value === undefined || value === '' ? undefined : text(value);
