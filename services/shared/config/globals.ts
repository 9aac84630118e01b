/** `global_defs`: keywords that several services read stand here once. Each service reads what it needs. */
import { IDENTITY_KEYWORDS, NOTIFICATION_EMAIL, ROUTER_ID, SMTP_SERVER } from './globals/identity.js';
import { LVS_KEYWORDS } from './globals/lvs.js';
import { PROCESS_KEYWORDS } from './globals/process.js';
import { RELOAD_KEYWORDS } from './globals/reload.js';
import { ENABLE_SCRIPT_SECURITY, SCRIPT_KEYWORDS, SCRIPT_USER } from './globals/scripts.js';
import { VRRP_KEYWORDS } from './globals/vrrp.js';
import { KeywordTable } from './keyword.js';
import { type Block, readBlock } from './readBlock.js';
import { Reporter } from './reporter.js';
import type { RoutingNames } from './routingNames.js';
import type { ConfigTree, Statement } from './tree.js';

/** All keywords of `global_defs`. */
export const GLOBAL_TABLE = new KeywordTable('global_defs', [
  ...IDENTITY_KEYWORDS,
  ...SCRIPT_KEYWORDS,
  ...PROCESS_KEYWORDS,
  ...RELOAD_KEYWORDS,
  ...LVS_KEYWORDS,
  ...VRRP_KEYWORDS,
]);

/** Facts about this machine that the meaning of a configuration depends on. */
export interface InterpretEnvironment {
  /** Host name, the default of `router_id` and of the names in mails. */
  readonly hostname: string;
  /** Names of routing tables and the like; absent: only those that hold everywhere. */
  readonly routingNames?: RoutingNames;
}

/** The statements of all `global_defs` blocks. */
export function globalStatements(tree: ConfigTree): readonly Statement[] {
  return tree.statements
    .filter(({ words: [first] }) => first?.text === 'global_defs' && !first.quoted)
    .flatMap((statement) => statement.children);
}

/**
 * Reads `global_defs` for a service, in silence: what is wrong in it is reported once, by `interpretCommon`.
 * A keyword with a wrong value is as if it were not there.
 */
export function readGlobals(tree: ConfigTree): Block {
  return readBlock(globalStatements(tree), GLOBAL_TABLE, new Reporter(tree.files, tree.lenient));
}

/** `router_id`, or the host name. */
export function routerId(globals: Block, environment: InterpretEnvironment): string {
  return globals.last(ROUTER_ID)?.values[0] ?? environment.hostname;
}

/** As whom scripts run that say nothing about it themselves, and how much their files are distrusted. */
export interface ScriptDefaults {
  /** `script_user`; absent = `keepalived_script` where that user exists, otherwise the user the daemon runs as. */
  readonly user?: string;
  /** Second word of `script_user`; absent = the user's own group. */
  readonly group?: string;
  /** `enable_script_security`. */
  readonly security: boolean;
}

/** Reads `script_user` and `enable_script_security`. */
export function scriptDefaults(globals: Block): ScriptDefaults {
  const [user, group] = globals.last(SCRIPT_USER)?.values ?? [];
  return {
    ...(user === undefined ? {} : { user }),
    ...(group === undefined ? {} : { group }),
    security: globals.has(ENABLE_SCRIPT_SECURITY),
  };
}

/** The recipients of mails, in order. */
export function mailRecipients(globals: Block): readonly string[] {
  return globals.lines(NOTIFICATION_EMAIL).flatMap(({ words: [first] }) => (first === undefined ? [] : [first.text]));
}

/** A mail server and recipients are configured. */
export function isMailConfigured(globals: Block): boolean {
  return globals.has(SMTP_SERVER) && mailRecipients(globals).length > 0;
}
