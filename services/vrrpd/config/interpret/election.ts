import * as Global from '../../../shared/config/globals/vrrp.js';
import type { Block } from '../../../shared/config/readBlock.js';
import type { Reporter } from '../../../shared/config/reporter.js';
import * as K from '../keywords/election.js';
import type { ElectionConfig, ReceiveBuffer } from '../model.js';

/** RFC 9568 6.1: Active_Down_Interval is three times Active_Adver_Interval, and the skew time. */
const DOWN_TIMER_ADVERTS = 3;
const RECEIVE_BUFFER_MULTIPLIER = 3;

/** Reads what moves the election; each keyword that is missing is as in `global_defs`. */
export function readElection(
  block: Block,
  globals: Block,
  instance: { readonly name: string; readonly preempt: boolean; readonly strict: boolean },
  report: Reporter,
): ElectionConfig {
  const expired = block.last(K.TIMER_EXPIRED_BACKUP);
  const useful = expired !== undefined && !instance.preempt;
  if (expired !== undefined && instance.preempt) {
    const message = `${instance.name}: '${expired.keyword.text}' is about instances with nopreempt and is ignored`;
    report.warning(expired.keyword, 'ignored', message, 'add nopreempt or remove it');
  }
  const noAnswer =
    block.last(K.LOWER_PRIO_NO_ADVERT)?.values[0] ??
    globals.last(Global.VRRP_LOWER_PRIO_NO_ADVERT)?.values[0] ??
    instance.strict;
  const rivalPriority = useful ? (expired.values[0] ?? 254) : undefined;
  return {
    downTimerAdverts:
      block.last(K.DOWN_TIMER_ADVERTS)?.values[0] ??
      globals.last(Global.VRRP_DOWN_TIMER_ADVERTS)?.values[0] ??
      DOWN_TIMER_ADVERTS,
    answerLowerPriority: !noAnswer,
    lastWord:
      block.last(K.HIGHER_PRIO_SEND_ADVERT)?.values[0] ??
      globals.last(Global.VRRP_HIGHER_PRIO_SEND_ADVERT)?.values[0] ??
      !instance.strict,
    ...(rivalPriority === undefined ? {} : { rivalPriority }),
  };
}

/** `kernel_rx_buf_size`, or what `vrrp_rx_bufs_policy` says; undefined: as the machine has it. */
export function readReceiveBuffer(block: Block, globals: Block): ReceiveBuffer | undefined {
  const own = block.last(K.KERNEL_RX_BUF_SIZE)?.values[0];
  if (own !== undefined) return { per: 'bytes', bytes: own };
  const policy = globals.last(Global.VRRP_RX_BUFS_POLICY)?.values[0];
  if (policy === undefined) return undefined;
  if (typeof policy === 'number') return { per: 'bytes', bytes: policy };
  const multiplier = globals.last(Global.VRRP_RX_BUFS_MULTIPLIER)?.values[0] ?? RECEIVE_BUFFER_MULTIPLIER;
  return { per: policy === 'MTU' ? 'mtu' : 'advertisement', multiplier };
}
