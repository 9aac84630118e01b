/** Whether the suite does its whole duty now, and if not, why. Pure. */
import type { ServiceStatus, SuiteStatus } from '../shared/rpc/generated/keepwatch/v1/control.js';
import {
  type VrrpInstance,
  VrrpStateName,
  type VrrpVirtualAddress,
} from '../shared/rpc/generated/keepwatch/v1/vrrp.js';
import { serviceHealthText } from '../shared/rpc/serviceHealthText.js';
import { vrrpStateText } from '../shared/rpc/vrrpText.js';
import { isHeard } from './metricsHeard.js';

/**
 * Why the suite is not ready, one line each; nothing when it is: a configuration is in force, every service is ready or at
 * least known, and each instance has its addresses in the kernel exactly while it is master.
 */
export function unreadyReasons(status: SuiteStatus): string[] {
  const reasons: string[] = [];
  if ((status.origin?.generation ?? 0n) === 0n) reasons.push('no configuration is in force yet');
  for (const service of status.services) {
    const reason = serviceReason(service);
    if (reason !== undefined) reasons.push(reason);
  }
  const instances = status.vrrp?.instances ?? [];
  if (status.vrrp === undefined && status.services.some(({ name }) => name === 'vrrpd')) {
    reasons.push('vrrpd has not told its instances yet');
  }
  // The same address may belong to two instances; it is rightly here while one of them is master.
  const ofMasters = new Set(instances.filter(isMaster).flatMap(({ addresses }) => addresses.map(addressText)));
  for (const instance of instances) {
    const reason = instanceReason(instance, ofMasters);
    if (reason !== undefined) reasons.push(reason);
  }
  return reasons;
}

function serviceReason(service: ServiceStatus): string | undefined {
  if (isHeard(service)) return undefined;
  const why = [service.detail, ...service.impairments].filter((text) => text !== '').join('; ');
  return `${service.name} is ${serviceHealthText(service.health).toLowerCase()}${why === '' ? '' : `: ${why}`}`;
}

function instanceReason(instance: VrrpInstance, ofMasters: ReadonlySet<string>): string | undefined {
  const { name, state, addresses } = instance;
  if (state === VrrpStateName.VRRP_STATE_NAME_UNSPECIFIED) return `the state of ${name} is unknown`;
  if (isMaster(instance)) {
    const missing = addresses.filter(({ present }) => !present).map(addressText);
    return missing.length === 0 ? undefined : `${name} is MASTER without ${missing.join(', ')}`;
  }
  const held = addresses
    .filter(({ present }) => present)
    .map(addressText)
    .filter((text) => !ofMasters.has(text));
  return held.length === 0 ? undefined : `${name} is ${vrrpStateText(state)} and has ${held.join(', ')}`;
}

const isMaster = ({ state }: VrrpInstance): boolean => state === VrrpStateName.VRRP_STATE_NAME_MASTER;

const addressText = ({ address, interface: on }: VrrpVirtualAddress): string => `${address} on ${on}`;
