/** What changes between two configurations, in words. Pure. */
import { ChangeKind, type PlannedChange } from '../shared/rpc/generated/keepwatch/v1/lifecycle.js';
import type { NotifyConfig } from './config/model.js';

/** One line of a plan. */
export interface ConfigChange {
  readonly kind: 'add' | 'remove' | 'update';
  readonly subject: string;
  readonly details: readonly string[];
}

/** The parts of a configuration that come and go as a whole, each as name to value. */
function parts(config: NotifyConfig | undefined): ReadonlyMap<string, Readonly<Record<string, string>>> {
  const found = new Map<string, Record<string, string>>();
  if (config === undefined) return found;
  const { mail, scripts } = config;
  found.set('scripts', {
    user: scripts.user ?? 'default',
    group: scripts.group ?? "the user's",
    security: String(scripts.security),
    timeout: `${scripts.timeout / 1_000_000} s`,
  });
  if (mail !== undefined) {
    found.set('mail', {
      server: `${mail.host} port ${mail.port}`,
      'connect timeout': `${mail.connectTimeout / 1_000_000} s`,
      'helo name': mail.heloName,
      from: mail.from,
      to: mail.recipients.join(', '),
      tls: [mail.tls.mode, mail.tls.caFile, mail.tls.name].filter((word) => word !== undefined).join(' '),
      login: mail.login === undefined ? 'none' : `${mail.login.user}, ${mail.login.passwordFile ?? 'smtp_password'}`,
      digest: mail.digest === undefined ? 'off' : `${mail.digest.mails} in ${mail.digest.interval / 1_000_000} s`,
    });
  }
  for (const [name, fifo] of [
    ['vrrp_notify_fifo', config.vrrpFifo],
    ['lvs_notify_fifo', config.lvsFifo],
    ['notify_fifo', config.commonFifo],
  ] as const) {
    if (fifo === undefined) continue;
    found.set(name, {
      path: fifo.path,
      owner: `${fifo.user ?? 'default'}:${fifo.group ?? ''}`,
      script: fifo.script === undefined ? 'none' : fifo.script.argv.join(' '),
      'script owner': `${fifo.script?.user ?? 'default'}:${fifo.script?.group ?? ''}`,
    });
  }
  return found;
}

/** Compares two configurations by meaning: where a statement stands does not count. */
export function configChanges(from: NotifyConfig | undefined, to: NotifyConfig): ConfigChange[] {
  const before = parts(from);
  const after = parts(to);
  const changes: ConfigChange[] = [];
  for (const subject of before.keys()) if (!after.has(subject)) changes.push({ kind: 'remove', subject, details: [] });
  for (const [subject, values] of after) {
    const old = before.get(subject);
    if (old === undefined) {
      changes.push({ kind: 'add', subject, details: [] });
      continue;
    }
    const details = Object.entries(values).flatMap(([name, value]) =>
      old[name] === value ? [] : [`${name} ${old[name]} -> ${value}`],
    );
    // The word itself is nobody's business.
    if (subject === 'mail' && from?.mail?.login?.password !== to.mail?.login?.password)
      details.push('password changed');
    if (details.length > 0) changes.push({ kind: 'update', subject, details });
  }
  return changes;
}

/** The same for the answers of Plan and Configure. */
export const planChanges = (from: NotifyConfig | undefined, to: NotifyConfig): PlannedChange[] =>
  configChanges(from, to).map(wireChange);

const KINDS = {
  add: ChangeKind.CHANGE_KIND_ADD,
  remove: ChangeKind.CHANGE_KIND_REMOVE,
  update: ChangeKind.CHANGE_KIND_UPDATE,
} as const;

const wireChange = ({ kind, subject, details }: ConfigChange): PlannedChange => ({
  kind: KINDS[kind],
  subject,
  details: [...details],
});
