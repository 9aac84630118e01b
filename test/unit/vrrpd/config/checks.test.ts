import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { messages } from '../../shared/config/support.js';

/** Findings without the file; that something has no effect yet is looked at elsewhere. */
const findings = (text: string): readonly string[] =>
  messages(text)
    .filter((message) => !message.includes('no effect yet'))
    .map((message) => message.replace('/k.conf:', ''));

const instance = (lines: string, name = 'V', vrid = 51): string =>
  `vrrp_instance ${name} {\n interface eth0\n virtual_router_id ${vrid}\n virtual_ipaddress {\n  192.0.2.${vrid}\n }\n${lines}\n}\n`;
const script = 'vrrp_script check {\n script /bin/true\n weight -10\n}\n';
const route = (line: string): string => instance(` virtual_routes {\n  ${line}\n }`);
const rule = (line: string): string => instance(` virtual_rules {\n  ${line}\n }`);
const track = (line: string, kind = 'script'): string => instance(` track_${kind} {\n  ${line}\n }`);

/** Name, configuration, findings. keepalived 2.2.7 -t complains of the same ones, unless the name says otherwise. */
const TABLE: readonly (readonly [string, string, readonly string[]])[] = [
  ['a defined script', script + track('check'), []],
  [
    'an unknown script',
    track('check'),
    ["8:3: error: V: there is no vrrp_script 'check' (define it: vrrp_script check { … })"],
  ],
  [
    'a script with a typing error',
    script + track('chek'),
    ["12:3: error: V: there is no vrrp_script 'chek' (did you mean 'check'?)"],
  ],
  [
    'a script tracked twice',
    script + track('check\n  check'),
    ["13:3: warning: 'check' is tracked twice; the first line counts"],
  ],
  [
    'a script defined further down',
    track('check') + script,
    [
      "8:3: warning: V: vrrp_script 'check' is defined further down, where keepalived does not see it (move the definition above line 8)",
    ],
  ],
  ['a weight out of range', script + track('check weight 255'), ["12:16: error: 'weight' must be -254..254, not 255"]],
  [
    'an unknown tracking option',
    script + track('check wieght 5'),
    ["12:9: error: unknown option 'wieght' of a tracked script (did you mean 'weight'?)"],
  ],
  [
    'an unknown file',
    track('f', 'file'),
    ["8:3: error: V: there is no track_file 'f' (define it: track_file f { … })"],
  ],
  [
    'an unknown process',
    track('p', 'process'),
    ["8:3: error: V: there is no vrrp_track_process 'p' (define it: vrrp_track_process p { … })"],
  ],
  ['an unknown BFD session', track('b', 'bfd'), ["8:3: error: V: there is no bfd_instance 'b'"]],
  ['a script name twice', script + script, ['5:1: error: vrrp_script check already exists (first on line 1)']],
  [
    'a vrrp_script without script',
    'vrrp_script s {\n interval 1\n}\n',
    ["1:1: warning: vrrp_script s has no 'script' and is ignored (add 'script' to it)"],
  ],
  [
    'a track_file without file',
    'track_file f {\n weight 1\n}\n',
    ["1:1: warning: track_file f has no 'file' and is ignored (add 'file' to it)"],
  ],
  [
    'a process with contradicting quorums',
    'vrrp_track_process p {\n process x\n quorum 3\n quorum_max 2\n}\n',
    ['4:2: warning: vrrp_track_process p: quorum_max 2 is below quorum 3 and is ignored'],
  ],
  ['a process that must not run', 'vrrp_track_process p {\n process x\n quorum_max 0\n}\n', []],
  ['a route', route('192.0.3.0/24 via 192.0.2.9 dev eth0 table 300'), []],
  ['a route that begins with its source', route('src 192.0.2.51 to 192.0.9.0/24 via 192.0.2.254 dev eth0'), []],
  ['a default route with metrics', route('default via 192.0.2.9 mtu lock 1400 features ecn append'), []],
  [
    'a route with two next hops',
    route('192.0.3.0/24 table 6909 nexthop via 192.0.2.8 dev eth0 onlink weight 1 nexthop via 192.0.2.9 weight 2'),
    [],
  ],
  ['a black hole', route('blackhole 192.0.3.0/24 no_track'), []],
  ['an IPv4 route over an IPv6 router', route('192.0.3.0/24 via inet6 fe80::1 dev eth0'), []],
  [
    'a route to nowhere',
    route('192.0.3.0/24'),
    ['8:3: warning: the route to 192.0.3.0/24 has neither via nor dev; the kernel refuses it (add dev or via)'],
  ],
  [
    'a route in the old spelling',
    route('192.0.3.0/24 gw 192.0.2.9'),
    ["8:16: warning: 'gw' is deprecated (use 'via')"],
  ],
  [
    'a route of two families',
    route('192.0.3.0/24 via 2001:db8::1'),
    ['8:3: error: a route has IPv4 and IPv6 addresses (make it two lines)'],
  ],
  [
    'a route without destination',
    route('via 192.0.2.9'),
    ['8:3: error: a route needs a destination such as 192.0.2.0/24 or default'],
  ],
  [
    'an unknown route option',
    route('192.0.3.0/24 dev eth0 metrik 5'),
    ["8:25: error: unknown option 'metrik' of a route (did you mean 'metric'?)"],
  ],
  [
    'a wrong value in a route',
    route('192.0.3.0/24 dev eth0 metric x'),
    ["8:32: error: 'metric' needs a whole number, not 'x'"],
  ],
  ['a missing value in a route', route('192.0.3.0/24 dev'), ["8:16: error: 'dev' needs a value: dev <interface>"]],
  ['a rule', rule('from 192.0.2.0/24 table 1 preference 100'), []],
  [
    'a rule without preference',
    rule('from 192.0.2.0/24 table 1'),
    [
      '8:3: warning: a rule should have a preference (without it places are given out downwards from 16384, in the order of the file)',
    ],
  ],
  [
    'a rule without action',
    rule('from 192.0.2.0/24 preference 100'),
    [
      '8:3: warning: a rule without an action does nothing and is ignored (add table, goto, l3mdev, blackhole, prohibit, unreachable or nop)',
    ],
  ],
  [
    'a rule of two families',
    rule('from 192.0.2.0/24 to 2001:db8::/32 table 1 preference 100'),
    ['8:3: error: a rule has IPv4 and IPv6 addresses (make it two lines)'],
  ],
  [
    'a rule with two actions',
    rule('from 192.0.2.0/24 table 1 blackhole preference 100'),
    ["8:29: error: a rule has one action; 'blackhole' is the second one (make it two rules)"],
  ],
  [
    'a rule that goes back',
    rule('from 192.0.2.0/24 goto 50 preference 100'),
    ["8:21: error: 'goto' 50 must be above the preference 100"],
  ],
  [
    'a goto without preference',
    rule('from 192.0.2.0/24 goto 50'),
    ["8:21: error: a rule with 'goto' needs a preference"],
  ],
  [
    'an unknown rule option',
    rule('form 192.0.2.0/24 table 1 preference 3'),
    [
      "8:3: error: unknown option 'form' of a rule",
      '8:3: warning: a rule without an action does nothing and is ignored (add table, goto, l3mdev, blackhole, prohibit, unreachable or nop)',
    ],
  ],
  [
    'a unicast peer of another family',
    instance(' unicast_peer {\n  2001:db8::9\n }'),
    ['8:3: error: V: unicast peer 2001:db8::9 is not IPv4 like the virtual addresses'],
  ],
  [
    'a unicast peer with a wrong TTL',
    instance(' unicast_peer {\n  192.0.2.9 min_ttl 300\n }'),
    ["8:21: error: 'min_ttl' must be 0..255, not 300"],
  ],
  [
    'a unicast source without peers',
    instance(' unicast_src_ip 192.0.2.100'),
    [
      '7:2: warning: V: unicast_src_ip without unicast_peer leaves the instance multicast (add unicast_peer, or write mcast_src_ip)',
    ],
  ],
  [
    'accept and no_accept (keepalived is silent)',
    instance(' accept\n no_accept'),
    ['7:2: warning: V: accept and no_accept contradict each other; no_accept counts (remove one)'],
  ],
  [
    'a static address of an unknown track_group',
    'static_ipaddress {\n 192.0.2.77 dev eth0 track_group nope\n}\n',
    ["2:34: error: there is no track_group 'nope'"],
  ],
  [
    'a static route of an unknown track_group',
    'static_routes {\n 192.0.9.0/24 dev eth0 track_group nope\n}\n',
    ["2:36: error: there is no track_group 'nope'"],
  ],
  [
    'a track_group with a stranger (keepalived is silent)',
    'track_group g {\n group {\n  NOPE\n }\n}\n',
    ["3:3: warning: track_group g: there is no vrrp_instance 'NOPE' (add it or remove the line)"],
  ],
  [
    'a garp_group without interval',
    'garp_group {\n interface eth0\n}\n',
    ['1:1: warning: a garp_group without an interval does nothing and is ignored (add garp_interval or gna_interval)'],
  ],
  [
    'a garp_group without interface (keepalived is silent)',
    'garp_group {\n garp_interval 1\n}\n',
    ['1:1: warning: a garp_group without interface holds for none and is ignored (add interface)'],
  ],
  [
    'an unknown way of polling',
    'linkbeat_interfaces {\n eth0 FOO\n}\n',
    ["2:7: error: unknown option 'FOO' of a polled interface"],
  ],
  [
    'an interface without delay',
    'interface_up_down_delays {\n eth0\n}\n',
    ["2:2: error: 'eth0' needs a delay: interface down_delay [up_delay]"],
  ],
  [
    'a delay too long for anything',
    'interface_up_down_delays {\n eth0 300\n}\n',
    ["2:7: error: a delay is 0..255 s, not '300'"],
  ],
  [
    'a sync daemon of an unknown instance (keepalived is silent)',
    'global_defs {\n lvs_sync_daemon eth0 NOPE\n}\n',
    ["2:23: warning: lvs_sync_daemon: there is no vrrp_instance 'NOPE'"],
  ],
];

describe('checks of VRRP blocks', () => {
  for (const [name, text, expected] of TABLE) it(name, () => assert.deepEqual(findings(text), expected));
});
