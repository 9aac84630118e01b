/** `linkbeat_interfaces`, and `linkbeat_use_polling` in its two places. */
import { LINKBEAT_USE_POLLING } from '../../../shared/config/common.js';
import { readLineOptions } from '../../../shared/config/lineOptions.js';
import type { Block } from '../../../shared/config/readBlock.js';
import type { Reporter } from '../../../shared/config/reporter.js';
import type { ConfigTree } from '../../../shared/config/tree.js';
import { INSTANCE_LINKBEAT } from '../keywords/virtualLink.js';
import { LINKBEAT_INTERFACES, LINKBEAT_OPTIONS, VRRP_INSTANCE } from '../keywords.js';
import type { InstanceConfig, LinkbeatConfig } from '../model.js';

const METHODS: Readonly<Record<string, NonNullable<LinkbeatConfig['method']>>> = {
  MII: 'mii',
  ETHTOOL: 'ethtool',
  IOCTL: 'ioctl',
};

/** The interfaces whose link is polled, each once. */
export function readLinkbeat(
  tree: ConfigTree,
  block: Block,
  instances: readonly InstanceConfig[],
  report: Reporter,
): readonly LinkbeatConfig[] {
  const polled = new Map<string, LinkbeatConfig>();
  for (const { words } of block.lines(LINKBEAT_INTERFACES)) {
    const [name, ...others] = words;
    if (name === undefined) continue;
    const method = METHODS[readLineOptions(others, LINKBEAT_OPTIONS, report).at(-1)?.spec.name ?? ''];
    if (polled.has(name.text)) report.warning(name, 'repeated-interface', `'${name.text}' stands here a second time`);
    polled.set(name.text, { interface: name.text, ...(method === undefined ? {} : { method }) });
  }
  const also = (name: string): void => {
    if (name !== '' && !polled.has(name)) polled.set(name, { interface: name });
  };
  const everywhere = tree.statements.some(({ words: [first] }) => first?.text === LINKBEAT_USE_POLLING.name);
  const blocks = new Map(block.all(VRRP_INSTANCE).map((found) => [found.values[0], found.block]));
  for (const instance of instances) {
    if (everywhere || blocks.get(instance.name)?.has(INSTANCE_LINKBEAT) === true) also(instance.interface);
    if (everywhere) for (const track of instance.trackInterfaces) also(track.interface);
  }
  return [...polled.values()];
}
