/** As whom a script runs: names to numbers, and keepalived's rules for the default script user. */

/** A user of this machine. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** Where users and groups are looked up. */
export interface AccountDatabase {
  /** By name or decimal uid. Rejects when it cannot be looked up now, which is not the same as not being there. */
  user(name: string): Promise<Account | undefined>;
  /** By name or decimal gid. */
  group(name: string): Promise<number | undefined>;
}

/** User and group as configured; both may be absent. */
export interface IdentitySpec {
  readonly user?: string;
  readonly group?: string;
}

/** The credentials of a script. */
export interface ScriptIdentity {
  readonly user: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

export type IdentityResult =
  | { readonly ok: true; readonly identity: ScriptIdentity }
  | {
      readonly ok: false;
      readonly reason: string;
      /** It could not be looked up; a later try may succeed. */
      readonly passing?: true;
    };

/** The user scripts run as when nothing is configured and it exists (keepalived.conf(5), SCRIPTS). */
export const DEFAULT_SCRIPT_USER = 'keepalived_script';

/**
 * Finds the credentials for a script: its own user, else the configured default, else `keepalived_script` if that user
 * exists, else the daemon's own. A group that is not configured is the user's own group.
 */
export async function resolveIdentity(
  accounts: AccountDatabase,
  spec: IdentitySpec,
  defaults: IdentitySpec,
  self: { readonly uid: number; readonly gid: number },
): Promise<IdentityResult> {
  try {
    return await lookUp(accounts, spec, defaults, self);
  } catch (error) {
    // Never another user instead: the default would be ours, which is root.
    const reason = `the script's user cannot be looked up: ${error instanceof Error ? error.message : String(error)}`;
    return { ok: false, reason, passing: true };
  }
}

async function lookUp(
  accounts: AccountDatabase,
  spec: IdentitySpec,
  defaults: IdentitySpec,
  self: { readonly uid: number; readonly gid: number },
): Promise<IdentityResult> {
  const configured = spec.user ?? defaults.user;
  // The default group belongs to the default user, not to another one.
  const group = spec.group ?? (spec.user === undefined ? defaults.group : undefined);
  let account: Account | undefined;
  if (configured !== undefined) {
    account = await accounts.user(configured);
    if (account === undefined) {
      return {
        ok: false,
        reason: `user ${configured} does not exist: create it, or correct script_user or the script's user`,
      };
    }
  } else {
    account = await accounts.user(DEFAULT_SCRIPT_USER);
    account ??= await accounts.user(String(self.uid));
    account ??= { name: String(self.uid), uid: self.uid, gid: self.gid, home: '/' };
  }
  let gid = account.gid;
  if (group !== undefined) {
    const found = await accounts.group(group);
    if (found === undefined)
      return { ok: false, reason: `group ${group} does not exist: create it, or correct the script's group` };
    gid = found;
  }
  return { ok: true, identity: { user: account.name, uid: account.uid, gid, home: account.home } };
}
