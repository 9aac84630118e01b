import type { Argument } from '../../../shared/config/argument.js';
import * as Global from '../../../shared/config/globals/vrrp.js';
import type { KeywordSpec } from '../../../shared/config/keyword.js';
import type { Block } from '../../../shared/config/readBlock.js';
import type { Reporter } from '../../../shared/config/reporter.js';
import { seconds } from '../../../shared/time/duration.js';
import * as Instance from '../keywords/instance.js';
import * as K from '../keywords.js';
import type { AnnouncePacing, GarpConfig } from '../model.js';

type NumberKeyword = KeywordSpec<readonly [Argument<number>]>;

const numberOf = (block: Block, spec: NumberKeyword): number | undefined => block.last(spec)?.values[0];

/** A set of no messages would be no set; keepalived sends one message then. */
function repeatOf(block: Block, spec: NumberKeyword, report: Reporter): number | undefined {
  const found = block.last(spec);
  const value = found?.values[0];
  if (value !== 0) return value;
  report.warning(found?.keyword, 'out-of-range', `'${spec.name}' must be at least 1 and is taken as 1`);
  return 1;
}

/** The defaults of all instances: `vrrp_garp_*` and `vrrp_min_garp`. Keywords are in force over `vrrp_min_garp`. */
export function readGlobalGarp(globals: Block, report: Reporter): GarpConfig {
  const minimal = globals.last(Global.VRRP_MIN_GARP)?.values[0] === true;
  const delay = numberOf(globals, Global.VRRP_GARP_MASTER_DELAY) ?? (minimal ? 0 : 5);
  const repeat = repeatOf(globals, Global.VRRP_GARP_MASTER_REPEAT, report) ?? (minimal ? 1 : 5);
  return {
    masterDelay: seconds(delay),
    masterRepeat: repeat,
    masterRefresh: seconds(numberOf(globals, Global.VRRP_GARP_MASTER_REFRESH) ?? 0),
    masterRefreshRepeat: repeatOf(globals, Global.VRRP_GARP_MASTER_REFRESH_REPEAT, report) ?? 1,
    lowerPriorityDelay: seconds(numberOf(globals, Global.VRRP_GARP_LOWER_PRIO_DELAY) ?? delay),
    // None is an answer here: who stays master then says nothing.
    lowerPriorityRepeat: numberOf(globals, Global.VRRP_GARP_LOWER_PRIO_REPEAT) ?? repeat,
    ...extraOf(globals.last(Global.VRRP_GARP_EXTRA_IF)?.values ?? [false, 0]),
  };
}

/** `garp_*` of an instance; each keyword that is missing is as in `defaults`. */
export function readGarp(block: Block, defaults: GarpConfig, report: Reporter): GarpConfig {
  const duration = (spec: NumberKeyword) => {
    const value = numberOf(block, spec);
    return value === undefined ? undefined : seconds(value);
  };
  return {
    masterDelay: duration(Instance.GARP_MASTER_DELAY) ?? defaults.masterDelay,
    masterRepeat: repeatOf(block, Instance.GARP_MASTER_REPEAT, report) ?? defaults.masterRepeat,
    masterRefresh: duration(Instance.GARP_MASTER_REFRESH) ?? defaults.masterRefresh,
    masterRefreshRepeat: repeatOf(block, Instance.GARP_MASTER_REFRESH_REPEAT, report) ?? defaults.masterRefreshRepeat,
    lowerPriorityDelay: duration(Instance.GARP_LOWER_PRIO_DELAY) ?? defaults.lowerPriorityDelay,
    lowerPriorityRepeat: numberOf(block, Instance.GARP_LOWER_PRIO_REPEAT) ?? defaults.lowerPriorityRepeat,
    ...extraOf(block.last(Instance.GARP_EXTRA_IF)?.values ?? [defaults.extraOnAll, defaults.extraInterval / 1_000_000]),
  };
}

const extraOf = ([all, interval]: readonly [boolean, number]): Pick<GarpConfig, 'extraInterval' | 'extraOnAll'> => ({
  extraInterval: seconds(interval),
  extraOnAll: all,
});

/** How fast announcements may follow each other; `block` has the `garp_group`s. Of two groups the first has an interface. */
export function readPacing(globals: Block, block: Block, report: Reporter): AnnouncePacing {
  const taken = new Set<string>();
  return {
    garpInterval: globals.last(Global.VRRP_GARP_INTERVAL)?.values[0] ?? seconds(0),
    gnaInterval: globals.last(Global.VRRP_GNA_INTERVAL)?.values[0] ?? seconds(0),
    groups: block.all(K.GARP_GROUP).map(({ block: inside }) => {
      const names = [
        ...inside.all(K.GARP_GROUP_INTERFACE).map(({ values, keyword }) => ({ name: values[0], place: keyword })),
        ...inside
          .lines(K.GARP_GROUP_INTERFACES)
          .flatMap(({ words }) => words.map((word) => ({ name: word.text, place: word }))),
      ];
      const interfaces: string[] = [];
      for (const { name, place } of names) {
        if (taken.has(name)) report.warning(place, 'duplicate-name', `${name} is in a garp_group already, which stays`);
        else interfaces.push(name);
        taken.add(name);
      }
      return {
        interfaces,
        garpInterval: inside.last(K.GARP_GROUP_GARP_INTERVAL)?.values[0] ?? seconds(0),
        gnaInterval: inside.last(K.GARP_GROUP_GNA_INTERVAL)?.values[0] ?? seconds(0),
      };
    }),
  };
}
