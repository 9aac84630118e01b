/** What callers of the control API may do. Pure. */

/** Each may do what those before it may. */
export const ROLES = ['none', 'viewer', 'operator', 'admin'] as const;

/** `viewer` looks, `operator` gives orders, `admin` changes the configuration and the processes; `none` may do nothing. */
export type Role = (typeof ROLES)[number];

/** Whether a caller with the role `has` may do what wants the role `needed`. */
export const includesRole = (has: Role, needed: Role): boolean => ROLES.indexOf(has) >= ROLES.indexOf(needed);
