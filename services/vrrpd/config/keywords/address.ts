/** What may stand in a line of `virtual_ipaddress`, `virtual_ipaddress_excluded` and `static_ipaddress`. */
import { interfaceName, shortWord, word } from '../../../shared/config/argument.js';
import { type KeywordSpec, KeywordTable, keyword } from '../../../shared/config/keyword.js';
import { networkPrefix } from './prefix.js';
import { TRACK_GROUP_OPTION } from './route.js';

const options: readonly KeywordSpec[] = [
  keyword('brd', [word('address|+|-')], 'Broadcast address; + sets the host bits, - clears them.', {
    aliases: ['broadcast'],
  }),
  keyword('dev', [interfaceName()], 'Interface.', { default: 'the interface of the instance' }),
  keyword('scope', [word('scope')], 'global, site, link, host, nowhere or 0..255.'),
  keyword('label', [shortWord('label', 15)], 'Label of an IPv4 address.'),
  keyword('peer', [networkPrefix('address')], 'Other end of a point-to-point link.'),
  keyword('home', [], 'Home address of Mobile IPv6.'),
  keyword('-nodad', [], 'No duplicate address detection.', { aliases: ['nodad'] }),
  keyword('mngtmpaddr', [], 'Makes temporary addresses from it.'),
  keyword('noprefixroute', [], 'Adds no route for the prefix.'),
  keyword('autojoin', [], 'Joins the multicast group.'),
  keyword('preferred_lft', [word('seconds|forever')], 'Preferred lifetime; 0: never a source address.', {
    default: '0 for IPv6 host addresses',
  }),
];

const USE_VMAC = keyword('use_vmac', [], 'Puts it on an interface with the virtual MAC.');
const NO_TRACK = keyword('no_track', [], 'Its removal by others does not matter.');

/** Options of a line of `virtual_ipaddress`; `readVirtualAddress` reads them. */
export const VIRTUAL_ADDRESS_OPTIONS = new KeywordTable('an address', [...options, USE_VMAC, NO_TRACK]);
/** Options of a line of `static_ipaddress`. */
export const STATIC_ADDRESS_OPTIONS = new KeywordTable('a static address', [...options, TRACK_GROUP_OPTION]);
