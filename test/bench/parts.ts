/** The parts of the bench. */
import { configPart } from './config.js';
import { IPVS_PARTS } from './ipvs/part.js';
import { memoryPart } from './memory.js';
import { notifyPart } from './notify.js';
import { pacePart } from './pace.js';
import type { Part } from './part.js';
import { reloadPart } from './reload.js';
import { scalePart } from './scale.js';
import { stallPart } from './stall.js';
import { startupPart } from './startup.js';
import { stopPart } from './stop.js';
import { takeoverPart } from './takeover.js';
import { upgradePart } from './upgrade.js';
import { vipsPart } from './vips.js';

/** By name, in the order in which they run. */
export const PARTS: Readonly<Record<string, Part>> = {
  config: configPart,
  startup: startupPart,
  memory: memoryPart,
  vips: vipsPart,
  stop: stopPart,
  reload: reloadPart,
  takeover: takeoverPart,
  pace: pacePart,
  stall: stallPart,
  scale: scalePart,
  ...IPVS_PARTS,
  notify: notifyPart,
  upgrade: upgradePart,
};
