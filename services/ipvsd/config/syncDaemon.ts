import type { Reporter } from '../../shared/config/reporter.js';
import type { ConfigTree, Word } from '../../shared/config/tree.js';
import { isMulticast, parseIpAddress } from '../../shared/net/address.js';
import type { SyncDaemonConfig } from './model.js';

type Draft = { -readonly [K in keyof SyncDaemonConfig]: SyncDaemonConfig[K] };

const NUMBERS: Readonly<Record<string, { key: 'syncId' | 'maxLength' | 'port' | 'ttl'; min: number; max: number }>> = {
  id: { key: 'syncId', min: 0, max: 255 },
  maxlen: { key: 'maxLength', min: 1, max: 65507 },
  port: { key: 'port', min: 1, max: 65535 },
  ttl: { key: 'ttl', min: 1, max: 255 },
};

/**
 * Reads `lvs_sync_daemon INTERFACE [[inst] INSTANCE] [id N] [maxlen N] [port N] [ttl N] [group ADDRESS]`.
 * Undefined when it is wrong, which is reported.
 */
export function readSyncDaemon(words: readonly Word[], report: Reporter): SyncDaemonConfig | undefined {
  const [, device, ...options] = words;
  if (device === undefined) return undefined;
  const draft: Draft = { interface: device.text, position: report.position(device) };
  for (let index = 0; index < options.length; index++) {
    const option = options[index];
    if (option === undefined) break;
    if (option.text !== 'inst' && option.text !== 'group' && !Object.hasOwn(NUMBERS, option.text)) {
      // The instance may stand without `inst`, but only right after the interface.
      if (index === 0) {
        draft.instance = option.text;
        continue;
      }
      report.error(option, 'unknown-option', `unknown option '${option.text}' of lvs_sync_daemon`);
      return undefined;
    }
    const value = options[++index];
    if (value === undefined) {
      report.error(option, 'missing-argument', `'${option.text}' of lvs_sync_daemon needs a value`);
      return undefined;
    }
    if (!readOption(option, value, draft, report)) return undefined;
  }
  return draft;
}

/** `lvs_sync_daemon_interface INTERFACE` in a vrrp_instance, which it then follows: the first of them counts. */
export function syncDaemonOfInstance({ statements }: ConfigTree, report: Reporter): SyncDaemonConfig | undefined {
  for (const { words, children } of statements) {
    const [keyword, instance] = words;
    if (keyword?.text !== 'vrrp_instance' || instance === undefined) continue;
    const device = children.find(({ words: [first] }) => first?.text === 'lvs_sync_daemon_interface')?.words[1];
    if (device === undefined) continue;
    return { interface: device.text, instance: instance.text, position: report.position(device) };
  }
  return undefined;
}

function readOption(option: Word, value: Word, draft: Draft, report: Reporter): boolean {
  if (option.text === 'inst') {
    draft.instance = value.text;
    return true;
  }
  if (option.text === 'group') {
    const group = parseIpAddress(value.text);
    if (group === undefined || !isMulticast(group)) {
      report.error(value, 'bad-address', `'group' of lvs_sync_daemon needs a multicast address, not '${value.text}'`);
      return false;
    }
    draft.group = group;
    return true;
  }
  const number = NUMBERS[option.text];
  if (number === undefined) return false;
  const { key, min, max } = number;
  if (!/^[0-9]{1,5}$/.test(value.text) || Number(value.text) < min || Number(value.text) > max) {
    report.error(
      value,
      'out-of-range',
      `'${option.text}' of lvs_sync_daemon must be ${min}..${max}, not '${value.text}'`,
    );
    return false;
  }
  draft[key] = Number(value.text);
  return true;
}
