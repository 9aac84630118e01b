/** All objects that are served, and below which roots. Pure. */

import type { SnmpSettings } from '../../shared/config/modules.js';
import type { Oid } from '../agentx/oid.js';
import type { Varbind } from '../agentx/value.js';
import { configBlock } from '../configBlock.js';
import { type KnownVirtual, numberVirtuals } from './checkNumbers.js';
import { globalObjects, globalsOf } from './global.js';
import { CHECK, GLOBAL, VRRP } from './keepalived.js';
import { lvsObjects } from './lvs.js';
import { realServerObjects } from './realServers.js';
import { rfc2787Objects, VRRP_MIB } from './rfc2787.js';
import { rfc6527Objects, VRRPV3_MIB } from './rfc6527.js';
import type { Served } from './served.js';
import { virtualGroupObjects, virtualServerObjects } from './virtualServers.js';
import { addressObjects } from './vrrpAddresses.js';
import { groupObjects } from './vrrpGroups.js';
import { instanceObjects } from './vrrpInstances.js';
import { numberVrrp, type VrrpNumbers } from './vrrpNumbers.js';
import { trackedObjects, trackerObjects } from './vrrpTracking.js';

/** The subtrees to register. */
export const servedRoots = ({ vrrp, checker, rfcv2, rfcv3 }: SnmpSettings): Oid[] => [
  ...(vrrp || checker ? [GLOBAL] : []),
  ...(vrrp ? [VRRP] : []),
  ...(checker ? [CHECK] : []),
  ...(rfcv2 ? [VRRP_MIB] : []),
  ...(rfcv3 ? [VRRPV3_MIB] : []),
];

/** What is served with the numbers everything has. */
export interface Objects {
  readonly objects: readonly Varbind[];
  readonly vrrp: VrrpNumbers;
  readonly virtuals: readonly KnownVirtual[];
}

export function servedObjects(served: Served): Objects {
  const { configuration, machine, settings } = served;
  const globals = globalsOf(configuration);
  const numbers = numberVrrp(served);
  const virtuals = numberVirtuals(served);
  const { instances } = numbers;
  const objects = [
    ...(settings.rfcv2 ? rfc2787Objects(served, numbers) : []),
    ...(settings.rfcv3 ? rfc6527Objects(served, numbers) : []),
    ...(settings.vrrp || settings.checker ? globalObjects(served) : []),
    ...(settings.vrrp
      ? [
          ...groupObjects(numbers, globals),
          ...instanceObjects(instances, globals),
          ...trackedObjects(instances, machine),
          ...addressObjects(instances, machine),
          ...trackerObjects(served),
        ]
      : []),
    ...(settings.checker
      ? [
          ...virtualGroupObjects(configBlock(configuration.trees.get('healthcheckerd'))),
          ...virtualServerObjects(virtuals, globals),
          ...realServerObjects(virtuals, globals),
          ...lvsObjects(globals),
        ]
      : []),
  ];
  return { objects, vrrp: numbers, virtuals };
}
