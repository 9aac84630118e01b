/** Checks of vrrpd's blocks that no interpreter reads yet: their lines, and what they say about each other. */

import type { Block } from '../../../shared/config/readBlock.js';
import type { Reporter } from '../../../shared/config/reporter.js';
import { TRACK_FILE_DEFINITION } from '../../../shared/config/trackFile.js';
import { TRACK_GROUP_OPTION } from '../keywords/route.js';
import * as T from '../keywords/tracking.js';
import * as K from '../keywords.js';
import { checkDefinitions, definitionsOf } from './definitions.js';
import { checkDefined, readTrackedNames } from './tracked.js';

/** Checks all blocks. */
export function checkBlocks(block: Block, report: Reporter): void {
  checkDefinitions(block, report);
  checkTrackers(block, report);
  checkStatic(block, report);
  checkTrackGroups(block, report);
  checkGarpGroups(block, report);
}

const TRACKED = [
  { spec: T.TRACK_SCRIPT, definition: T.VRRP_SCRIPT },
  { spec: T.TRACK_FILE, definition: TRACK_FILE_DEFINITION },
  { spec: T.TRACK_PROCESS, definition: T.VRRP_TRACK_PROCESS },
] as const;

/** The definitions of BFD sessions are not among vrrpd's blocks: see `checkReferences`. */
function checkTrackers(block: Block, report: Reporter): void {
  const owners = [...block.all(K.VRRP_INSTANCE), ...block.all(K.VRRP_SYNC_GROUP)];
  for (const { spec, definition } of TRACKED) {
    const defined = definitionsOf(block, definition);
    for (const owner of owners) {
      const names = readTrackedNames(owner.block, spec, report);
      checkDefined(owner.values[0], definition.name, names, defined, report);
    }
  }
  for (const owner of owners) readTrackedNames(owner.block, T.TRACK_BFD, report);
}

function checkStatic(block: Block, report: Reporter): void {
  const groups = definitionsOf(block, K.TRACK_GROUP);
  for (const spec of [K.STATIC_IPADDRESS, K.STATIC_ROUTES, K.STATIC_RULES]) {
    for (const { words } of block.lines(spec)) {
      const index = words.findIndex(({ text }) => text === TRACK_GROUP_OPTION.name);
      const group = index < 0 ? undefined : words[index + 1];
      if (group === undefined || groups.has(group.text)) continue;
      report.tolerable(group, 'unknown-group', `there is no track_group '${group.text}'`);
    }
  }
}

function checkTrackGroups(block: Block, report: Reporter): void {
  const instances = definitionsOf(block, K.VRRP_INSTANCE);
  for (const found of block.all(K.TRACK_GROUP)) {
    for (const word of found.block.lines(K.TRACK_GROUP_MEMBERS).flatMap(({ words }) => words)) {
      if (instances.has(word.text)) continue;
      const message = `track_group ${found.values[0]}: there is no vrrp_instance '${word.text}'`;
      report.warning(word, 'unknown-instance', message, 'add it or remove the line');
    }
  }
}

function checkGarpGroups(block: Block, report: Reporter): void {
  for (const { block: inside, keyword } of block.all(K.GARP_GROUP)) {
    const one = inside.has(K.GARP_GROUP_INTERFACE);
    const many = inside.has(K.GARP_GROUP_INTERFACES);
    if (one && many) {
      report.warning(keyword, 'contradiction', 'a garp_group has either interface or interfaces', 'make it two groups');
    } else if (!one && !many) {
      report.warning(
        keyword,
        'ignored',
        'a garp_group without interface holds for none and is ignored',
        'add interface',
      );
    }
    if (!inside.has(K.GARP_GROUP_GARP_INTERVAL) && !inside.has(K.GARP_GROUP_GNA_INTERVAL)) {
      const hint = 'add garp_interval or gna_interval';
      report.warning(keyword, 'ignored', 'a garp_group without an interval does nothing and is ignored', hint);
    }
  }
}
