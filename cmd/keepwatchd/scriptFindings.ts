/** Whether the scripts of a configuration can be run on this machine, by whom, and who else could replace them. */
import type { Diagnostic } from '../../services/shared/config/diagnostic.js';
import { type ScriptCommand, unusableScript } from '../../services/shared/config/scriptCommand.js';
import { SystemAccounts } from '../../services/shared/script/accounts.js';
import { resolveIdentity } from '../../services/shared/script/identity.js';
import { checkProgram } from '../../services/shared/script/program.js';
import { scriptsOf as vrrpScripts } from '../../services/vrrpd/config/scripts.js';
import type { TypedConfig } from './interpreters.js';

/** Findings of this code end `-t` with 6, as in keepalived. */
const INSECURE = 'script-security';

/** Looks at every script once, wherever it is named. */
export async function scriptFindings(typed: TypedConfig): Promise<Diagnostic[]> {
  const { notifierd } = typed;
  if (notifierd === undefined) return [];
  const { user, group, security } = notifierd.scripts;
  const defaults = { ...(user === undefined ? {} : { user }), ...(group === undefined ? {} : { group }) };
  const self = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  const accounts = new SystemAccounts();
  const findings: Diagnostic[] = [];
  const seen = new Set<string>();
  for (const script of scriptsOf(typed)) {
    const [name = ''] = script.argv;
    const key = JSON.stringify([name, script.user, script.group]);
    if (seen.has(key)) continue;
    seen.add(key);
    const { position } = script;
    const who = await resolveIdentity(accounts, script, defaults, self);
    if (!who.ok) {
      const message = `${name} will not be run: ${who.reason}`;
      findings.push({ severity: 'warning', position, code: 'script-user', message });
      continue;
    }
    const program = await checkProgram(name);
    if (!program.ok) {
      findings.push(unusableScript(script, program.reason));
    } else if (program.insecurity !== undefined && who.identity.uid === 0) {
      const message = `${name} would run as root: ${program.insecurity}`;
      const hint = security ? 'enable_script_security forbids it' : 'or run it as another user: script_user';
      findings.push({ severity: security ? 'error' : 'warning', position, code: INSECURE, message, hint });
    }
  }
  return findings;
}

/** All scripts that are configured. */
function* scriptsOf({ common, vrrpd, healthcheckerd, notifierd }: TypedConfig): Iterable<ScriptCommand> {
  yield* present(common?.scripts.startup?.command, common?.scripts.shutdown?.command);
  if (vrrpd !== undefined) yield* vrrpScripts(vrrpd);
  for (const virtual of healthcheckerd?.virtualServers ?? []) {
    yield* present(virtual.quorumUp, virtual.quorumDown);
    for (const server of virtual.realServers) {
      yield* present(server.notifyUp, server.notifyDown);
      for (const checker of server.checkers) if (checker.kind === 'misc') yield checker.script;
    }
  }
  const { vrrpFifo, lvsFifo, commonFifo } = notifierd ?? {};
  yield* present(vrrpFifo?.script, lvsFifo?.script, commonFifo?.script);
}

const present = (...scripts: readonly (ScriptCommand | undefined)[]): ScriptCommand[] =>
  scripts.filter((script) => script !== undefined);
