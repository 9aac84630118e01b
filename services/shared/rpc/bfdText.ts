/** States of BFD sessions in a word. Pure. */
import { BfdStateName } from './generated/keepwatch/v1/bfd.js';

const STATES: ReadonlyMap<BfdStateName, string> = new Map([
  [BfdStateName.BFD_STATE_NAME_ADMIN_DOWN, 'AdminDown'],
  [BfdStateName.BFD_STATE_NAME_DOWN, 'Down'],
  [BfdStateName.BFD_STATE_NAME_INIT, 'Init'],
  [BfdStateName.BFD_STATE_NAME_UP, 'Up'],
]);

/** Name of a state as RFC 5880 writes it; that of a silent service is unknown. */
export const sessionStateText = (state: BfdStateName): string => STATES.get(state) ?? 'UNKNOWN';
