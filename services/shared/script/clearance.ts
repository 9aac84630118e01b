/** The decision whether a script is run, and as whom: said once for all who run scripts. */
import { type AccountDatabase, type IdentitySpec, resolveIdentity, type ScriptIdentity } from './identity.js';
import { checkProgram } from './program.js';

/** Defaults of the configuration and what it forbids. */
export interface ScriptRules extends IdentitySpec {
  /** `enable_script_security`. */
  readonly security: boolean;
}

export type Clearance =
  | {
      readonly ok: true;
      /** Absolute path of the program, then its arguments. */
      readonly argv: readonly string[];
      readonly identity: ScriptIdentity;
      /** It would run as root and somebody other than root could replace it; absent when that is not so. */
      readonly risk?: string;
    }
  | {
      readonly ok: false;
      readonly reason: string;
      /** Who it runs as could not be looked up; a later try may succeed. */
      readonly passing?: true;
    };

/** Finds the program and the credentials of a script. The reason of a refusal is for people. Never rejects. */
export async function clearScript(
  accounts: AccountDatabase,
  script: IdentitySpec & { readonly argv: readonly string[] },
  rules: ScriptRules,
): Promise<Clearance> {
  const [name = '', ...args] = script.argv;
  const self = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  const who = await resolveIdentity(accounts, script, rules, self);
  if (!who.ok) return who;
  const program = await checkProgram(name);
  if (!program.ok) return program;
  const { identity } = who;
  const cleared = { ok: true, argv: [program.path, ...args], identity } as const;
  if (program.insecurity === undefined || identity.uid !== 0) return cleared;
  if (!rules.security) return { ...cleared, risk: program.insecurity };
  return { ok: false, reason: `not run as root (enable_script_security): ${program.insecurity}` };
}
