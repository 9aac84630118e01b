/** `vrrp_strict`: what the RFCs do not have is taken back, as in keepalived. Firewall rules are not in here. */
import type { Block } from '../../../shared/config/readBlock.js';
import type { Reporter } from '../../../shared/config/reporter.js';
import type { Word } from '../../../shared/config/tree.js';
import { isLinkLocal } from '../../../shared/net/address.js';
import { seconds } from '../../../shared/time/duration.js';
import { AUTH_HMAC, AUTHENTICATION } from '../keywords/authentication.js';
import * as E from '../keywords/election.js';
import * as K from '../keywords/instance.js';
import { UNICAST_PEER } from '../keywords/unicast.js';
import type { InstanceConfig } from '../model.js';

const PRIORITY_OWNER = 255;
/** RFC 3768 6.1, RFC 9568 6.1. */
const DOWN_TIMER_ADVERTS = 3;

/** An instance as strict mode leaves it. Everything taken back is a warning; what cannot be taken back is an error. */
export function withStrictRules(
  instance: InstanceConfig,
  block: Block,
  keyword: Word,
  report: Reporter,
): InstanceConfig {
  const { name, election } = instance;
  const say = (place: Word | undefined, message: string, hint?: string): void =>
    report.warning(place ?? keyword, 'strict', `${name}: ${message}`, hint);
  if (instance.vips.length === 0) {
    const message = `${name}: strict mode needs a virtual address`;
    report.error(keyword, 'strict', message, 'add virtual_ipaddress, or turn strict mode off');
  }
  if (instance.unicast !== undefined) {
    const message = 'the RFCs have no unicast; it works all the same';
    say(block.last(UNICAST_PEER)?.keyword, message, 'turn strict mode off for this instance');
  }
  const [first] = instance.vips;
  if (instance.family === 6 && first !== undefined && !isLinkLocal(first.address)) {
    say(block.last(K.VIRTUAL_IPADDRESS)?.keyword, 'strict mode wants a link-local first address', 'RFC 9568 5.2.9');
  }
  const owner = instance.priority === PRIORITY_OWNER;
  if ((instance.initialState === 'master') !== owner) {
    say(block.last(K.STATE)?.keyword, `state MASTER is for priority ${PRIORITY_OWNER} and for nothing else`);
  }
  if (instance.auth.type !== 'none') {
    say(block.last(AUTHENTICATION)?.keyword, 'strict mode has no authentication; none is used', 'RFC 3768 5.3.6');
  }
  if (instance.hmac !== undefined) {
    const message = `${name}: auth_hmac and strict mode exclude each other`;
    report.error(block.last(AUTH_HMAC)?.keyword, 'contradiction', message, 'turn strict mode off for this instance');
  }
  if (instance.preemptDelay > 0) say(block.last(K.PREEMPT_DELAY)?.keyword, 'strict mode has no preempt_delay');
  if (election.downTimerAdverts !== DOWN_TIMER_ADVERTS) {
    say(block.last(E.DOWN_TIMER_ADVERTS)?.keyword, `down_timer_adverts is ${DOWN_TIMER_ADVERTS} in strict mode`);
  }
  if (election.answerLowerPriority) {
    say(block.last(E.LOWER_PRIO_NO_ADVERT)?.keyword, 'strict mode does not answer advertisements of lower priority');
  }
  if (election.lastWord) {
    say(block.last(E.HIGHER_PRIO_SEND_ADVERT)?.keyword, 'strict mode does not advertise before it yields');
  }
  return {
    ...instance,
    initialState: owner ? 'master' : 'backup',
    auth: { type: 'none' },
    preemptDelay: seconds(0),
    election: {
      ...election,
      downTimerAdverts: DOWN_TIMER_ADVERTS,
      answerLowerPriority: false,
      lastWord: false,
    },
    // One message after a conflict: a client that followed the loser must learn, and nothing is repeated.
    garp: { ...instance.garp, lowerPriorityDelay: seconds(0), lowerPriorityRepeat: 1 },
  };
}
