/** The view of a status. Pure. */
import { sessionStateText } from '../../shared/rpc/bfdText.js';
import { type BfdSession, BfdStateName } from '../../shared/rpc/generated/keepwatch/v1/bfd.js';
import type { SuiteStatus } from '../../shared/rpc/generated/keepwatch/v1/control.js';
import type { Order } from '../../shared/rpc/generated/keepwatch/v1/order.js';
import { orderText } from '../../shared/rpc/orderText.js';
import { problemsOf } from '../../shared/rpc/problems.js';
import { toMillis } from '../../shared/time/duration.js';
import { SILENCE_LIMIT } from '../status.js';
import { asKnown } from './known.js';
import { poolView } from './poolView.js';
import { factViews, serviceViews } from './serviceView.js';
import type { DashboardView, OrderView, SessionView } from './view.js';
import { groupView, instanceView } from './vrrpView.js';

/** What a page can show and a person can read; `keepwatchctl status` has all. */
const MOST = {
  'sync groups': 256,
  instances: 256,
  'virtual servers': 128,
  'real servers': 1_024,
  problems: 32,
  orders: 64,
  sessions: 128,
};

/** Where the view is shown. */
export interface ViewPlace {
  readonly host: string;
  readonly script: string;
}

/** What the page shows of a status. What is not known now is UNKNOWN in it. */
export function suiteView(status: SuiteStatus, place: ViewPlace): DashboardView {
  const leftOut: string[] = [];
  const limited = <T>(what: keyof typeof MOST, all: readonly T[], most: number = MOST[what]): readonly T[] => {
    if (all.length > most) leftOut.push(`${all.length - most} ${what}`);
    return all.slice(0, most);
  };
  const at = status.origin?.at ?? new Date(0);
  const holders = addressHolders(status);
  const pools = limited('virtual servers', status.health?.virtualServers ?? []);
  const servers = new Set(
    limited(
      'real servers',
      pools.flatMap(({ realServers }) => realServers),
    ),
  );
  const view: DashboardView = {
    ...place,
    at: at.getTime(),
    version: status.version,
    configFile: status.configFile,
    appliedFrom: status.appliedFrom,
    generation: Number(status.origin?.generation ?? 0n),
    configuredAt: status.configuredAt?.getTime(),
    silenceLimitMs: toMillis(SILENCE_LIMIT),
    problems: limited('problems', problemsOf(status)),
    groups: limited('sync groups', status.vrrp?.groups ?? []).map(groupView),
    instances: limited('instances', status.vrrp?.instances ?? []).map((instance) => instanceView(instance, at)),
    pools: pools.map((pool) => poolView(pool, servers, holders)),
    sessions: limited('sessions', status.bfd?.sessions ?? []).map(sessionView),
    orders: limited('orders', status.orders).map(orderView),
    services: serviceViews(status),
    facts: factViews(status),
    leftOut,
  };
  return asKnown(view, 0);
}

/** Instances by the address they hold, without its prefix length. */
function addressHolders({ vrrp }: SuiteStatus): ReadonlyMap<string, readonly string[]> {
  const holders = new Map<string, string[]>();
  for (const { name, addresses } of vrrp?.instances ?? []) {
    for (const { address } of addresses) {
      const [bare = ''] = address.split('/');
      const known = holders.get(bare);
      if (known === undefined) holders.set(bare, [name]);
      else if (!known.includes(name)) known.push(name);
    }
  }
  return holders;
}

function sessionView(session: BfdSession): SessionView {
  const up = session.state === BfdStateName.BFD_STATE_NAME_UP;
  return {
    name: session.name,
    state: sessionStateText(session.state),
    tone: up ? 'good' : session.settled ? 'bad' : 'busy',
    peer: session.peerAddress,
    since: session.since?.getTime(),
    why: up ? (session.lastTransition?.text ?? '') : session.detail,
  };
}

const orderView = ({ id, action, text, givenAt, expiresAt }: Order): OrderView => ({
  id,
  text: orderText(action),
  by: text,
  givenAt: givenAt?.getTime(),
  expiresAt: expiresAt?.getTime(),
});
