/** The difference of two configurations in words, by key, for `Plan`. Pure. */
import { ChangeKind, type PlannedChange } from '../shared/rpc/generated/keepwatch/v1/lifecycle.js';
import type { HealthConfig, RealServerConfig, VirtualServerConfig, VirtualServerGroupConfig } from './config/model.js';
import { nameVirtualServers, realServerName } from './names.js';
import { sameMeaning } from './sameMeaning.js';

/** A value for comparison and for people: without its place in the file, bytes as numbers. */
export const plainText = (value: unknown): string =>
  JSON.stringify(value, (key, inner: unknown) => {
    if (key === 'position') return undefined;
    return inner instanceof Uint8Array ? [...inner].join('.') : inner;
  }) ?? 'none';

function fieldChanges<Config extends object>(before: Config, next: Config, leaveOut: readonly string[]): string[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(next)]);
  return [...keys]
    .filter((key) => key !== 'position' && !leaveOut.includes(key))
    .flatMap((key) => {
      const [old, now] = [before[key as keyof Config], next[key as keyof Config]];
      return sameMeaning(old, now) ? [] : [`${key} ${plainText(old)} -> ${plainText(now)}`];
    });
}

function checkerChanges(before: RealServerConfig, next: RealServerConfig): string[] {
  return sameMeaning(before.checkers, next.checkers) ? [] : ['checkers changed, verdicts kept'];
}

function serverChanges(before: VirtualServerConfig, next: VirtualServerConfig): string[] {
  const named = (config: VirtualServerConfig): Map<string, RealServerConfig> =>
    new Map(config.realServers.map((server) => [realServerName(config, server), server]));
  const [old, now] = [named(before), named(next)];
  const details: string[] = [];
  for (const [name, server] of now) {
    const earlier = old.get(name);
    if (earlier !== undefined && sameMeaning(earlier, server)) continue;
    if (earlier === undefined) details.push(`real_server ${name} added`);
    else {
      const changes = [...fieldChanges(earlier, server, ['checkers']), ...checkerChanges(earlier, server)];
      details.push(...changes.map((change) => `real_server ${name}: ${change}`));
    }
  }
  for (const name of old.keys()) if (!now.has(name)) details.push(`real_server ${name} removed`);
  return details;
}

function groupChanges(
  before: readonly VirtualServerGroupConfig[],
  next: readonly VirtualServerGroupConfig[],
  name: string,
): string[] {
  const find = (groups: readonly VirtualServerGroupConfig[]) => groups.find((group) => group.name === name)?.members;
  return sameMeaning(find(before), find(next)) ? [] : [`members of virtual_server_group ${name} changed`];
}

/** What `next` would add, remove and change. Nothing is listed for what is the same in both. */
export function planChanges(before: HealthConfig | undefined, next: HealthConfig): PlannedChange[] {
  const old = new Map(nameVirtualServers(before?.virtualServers ?? []).map(({ name, config }) => [name, config]));
  const now = new Map(nameVirtualServers(next.virtualServers).map(({ name, config }) => [name, config]));
  const changes: PlannedChange[] = [];
  for (const [name, config] of now) {
    const earlier = old.get(name);
    const subject = `virtual_server ${name}`;
    if (earlier === undefined) {
      changes.push({
        kind: ChangeKind.CHANGE_KIND_ADD,
        subject,
        details: config.realServers.map((server) => `real_server ${realServerName(config, server)}`),
      });
      continue;
    }
    if (config.target.kind !== 'group' && sameMeaning(earlier, config)) continue;
    const details = [
      ...fieldChanges(earlier, config, ['realServers']),
      ...serverChanges(earlier, config),
      ...(config.target.kind === 'group' ? groupChanges(before?.groups ?? [], next.groups, config.target.name) : []),
    ];
    if (details.length > 0) changes.push({ kind: ChangeKind.CHANGE_KIND_UPDATE, subject, details });
  }
  for (const name of old.keys()) {
    if (!now.has(name)) {
      changes.push({ kind: ChangeKind.CHANGE_KIND_REMOVE, subject: `virtual_server ${name}`, details: [] });
    }
  }
  return changes;
}
