/** The global part of KEEPALIVED-MIB. Pure. */
import { LINKBEAT_USE_POLLING } from '../../shared/config/common.js';
import {
  NO_EMAIL_FAULTS,
  NOTIFICATION_EMAIL_FROM,
  SMTP_ALERT,
  SMTP_ALERT_CHECKER,
  SMTP_ALERT_VRRP,
  SMTP_CONNECT_TIMEOUT,
  SMTP_SERVER,
} from '../../shared/config/globals/identity.js';
import { LVS_FLUSH, LVS_FLUSH_ON_STOP } from '../../shared/config/globals/lvs.js';
import { DYNAMIC_INTERFACES } from '../../shared/config/globals/vrrp.js';
import { mailRecipients, readGlobals, routerId } from '../../shared/config/globals.js';
import type { KeywordSpec } from '../../shared/config/keyword.js';
import type { Block } from '../../shared/config/readBlock.js';
import { toMillis } from '../../shared/time/duration.js';
import type { Oid } from '../agentx/oid.js';
import { gauge32, integer, type SnmpValue, text, truth, type Varbind } from '../agentx/value.js';
import { configBlock } from '../configBlock.js';
import { inetAddress } from './inet.js';
import { GLOBAL, MAIL } from './keepalived.js';
import type { Served, ServedConfiguration } from './served.js';
import { scalars, table } from './table.js';

/** on(1), off(2), unset(3) */
const UNSET = integer(3);
/** The port of mail servers. */
const SMTP_PORT = 25;
const DEFAULT_SMTP_TIMEOUT_S = 30;

/** `global_defs` as every service got it; empty before the first configuration is known. */
export const globalsOf = ({ trees }: ServedConfiguration): Block =>
  readGlobals([...trees.values()][0] ?? { files: [], statements: [] });

/** `router_id`, or the host name. */
export const routerIdOf = ({ configuration, machine }: Pick<Served, 'configuration' | 'machine'>): string =>
  routerId(globalsOf(configuration), machine);

/** The scalars and the table of mail recipients. */
export function globalObjects(served: Served): Varbind[] {
  const { status, configuration, settings, dbus } = served;
  const globals = globalsOf(configuration);
  const flush = globals.last(LVS_FLUSH_ON_STOP);
  const polls = [...configuration.trees.values()].some((tree) => configBlock(tree).has(LINKBEAT_USE_POLLING.name));
  const { networkNamespace } = configuration;
  return [
    ...scalars(GLOBAL, {
      1: text(`Keepwatch v${status.version}`),
      2: text(routerIdOf(served)),
    }),
    ...mailObjects(globals, served),
    ...scalars(GLOBAL, {
      4: truth(settings.traps),
      5: integer(polls ? 2 : 1),
      6: truth(globals.has(LVS_FLUSH)),
      7: truth(true),
      8: text(networkNamespace),
      9: truth(dbus),
      10: truth(globals.has(DYNAMIC_INTERFACES)),
      11: integer(flush === undefined ? 2 : flush.values[0] === 'VS' ? 3 : 1),
    }),
  ];
}

function mailObjects(globals: Block, { machine }: Served): Varbind[] {
  const [server, port] = globals.last(SMTP_SERVER)?.values ?? [];
  const { type, address } = inetAddress(server);
  const timeout = globals.last(SMTP_CONNECT_TIMEOUT)?.values[0];
  const recipients = mailRecipients(globals);
  const emails: Oid = [...MAIL, 5, 1];
  return [
    ...scalars(MAIL, {
      1: type,
      2: address,
      3: gauge32(timeout === undefined ? DEFAULT_SMTP_TIMEOUT_S : Math.round(toMillis(timeout) / 1000)),
      4: text(globals.last(NOTIFICATION_EMAIL_FROM)?.values[0] ?? `keepalived@${machine.hostname}`),
    }),
    ...table(
      emails,
      recipients.map((recipient, index) => ({ index: [index + 1], cells: { 2: text(recipient) } })),
    ),
    ...scalars(MAIL, {
      6: server === undefined ? undefined : gauge32(port ?? SMTP_PORT),
      7: truth(!globals.has(NO_EMAIL_FAULTS)),
      8: setting(globals, SMTP_ALERT),
      9: setting(globals, SMTP_ALERT_VRRP),
      10: setting(globals, SMTP_ALERT_CHECKER),
    }),
  ];
}

const setting = (globals: Block, spec: KeywordSpec): SnmpValue => {
  const value = globals.last(spec)?.values[0];
  return value === undefined ? UNSET : truth(value === true);
};
