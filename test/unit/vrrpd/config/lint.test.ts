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
const process = 'vrrp_track_process proc {\n process x\n}\n';
const group = 'vrrp_sync_group G {\n group {\n  V\n  W\n }\n}\n';

/** Name, configuration, findings. keepalived is silent about all of them. */
const TABLE: readonly (readonly [string, string, readonly string[]])[] = [
  ['a weight that counts', process + instance(' track_process {\n  proc weight -20\n }'), []],
  [
    'a positive weight above the range',
    process + instance(' priority 254\n track_process {\n  proc weight 20\n }'),
    [
      '12:3: warning: V: the failure of proc does not change the priority, which stays 254 (priority and weights together are 254, and a priority is at most 254: lower them, or use weight 0)',
    ],
  ],
  [
    'a negative weight below the range',
    process + instance(' priority 1\n track_process {\n  proc weight -20\n }'),
    [
      '12:3: warning: V: the failure of proc does not change the priority, which stays 1 (priority and weights together are -19, and a priority is at least 1: raise them, or use weight 0)',
    ],
  ],
  [
    'weights that cover for each other',
    process +
      instance(' priority 250\n track_process {\n  proc weight 10\n }\n track_interface {\n  eth1 weight 10\n }'),
    [
      '15:3: warning: V: the failure of eth1 does not change the priority, which stays 254 (priority and weights together are 260, and a priority is at most 254: lower them, or use weight 0)',
      '12:3: warning: V: the failure of proc does not change the priority, which stays 254 (priority and weights together are 260, and a priority is at most 254: lower them, or use weight 0)',
    ],
  ],
  [
    'a weight of the definition',
    script + instance(' priority 1\n track_script {\n  check\n }'),
    [
      '13:3: warning: V: the failure of check does not change the priority, which stays 1 (priority and weights together are -9, and a priority is at least 1: raise them, or use weight 0)',
    ],
  ],
  ['weight 0', process + instance(' priority 254\n track_process {\n  proc weight 0\n }'), []],
  [
    'a reversed weight above the range',
    process + instance(' priority 254\n track_process {\n  proc weight -20 reverse\n }'),
    [
      '12:3: warning: V: the failure of proc does not change the priority, which stays 254 (priority and weights together are 274, and a priority is at most 254: lower them, or use weight 0)',
    ],
  ],
  [
    'a weight beside a file',
    'track_file f {\n file /f\n}\n' +
      instance(' priority 254\n track_file {\n  f\n }\n track_interface {\n  eth1 weight 10\n }'),
    [],
  ],
  [
    'a weight with nopreempt',
    instance(' nopreempt\n track_interface {\n  eth1 weight -10\n }'),
    [
      '9:3: warning: V: the weight of eth1 causes no failover where the backup has nopreempt, like this one (use weight 0, so that a failure means FAULT, or remove nopreempt)',
    ],
  ],
  [
    'an owner',
    instance(' priority 255\n track_interface {\n  eth1 weight -10\n }'),
    ['9:3: warning: V: the weight of eth1 cannot move priority 255; it is not tracked'],
  ],
  [
    'nopreempt beside a member that preempts',
    instance(' nopreempt') + instance('', 'W', 52) + group,
    [
      '7:2: warning: V: nopreempt does not hold, since W preempts and takes vrrp_sync_group G along (write nopreempt in W too)',
    ],
  ],
  ['nopreempt in all members', instance(' nopreempt') + instance(' nopreempt', 'W', 52) + group, []],
  ['a short delay', `interface_up_down_delays {\n eth0 1.9\n}\n${instance('')}`, []],
  [
    'a delay longer than the backup waits',
    `interface_up_down_delays {\n eth0 2\n}\n${instance('')}`,
    [
      '2:2: warning: eth0: a down delay of 2 s is too long for V, whose backup takes over before eth0 counts as down (below 2 s it is safe: advert_int times 2, one advertisement less than down_timer_adverts)',
    ],
  ],
  ['an up delay longer than the backup waits', `interface_up_down_delays {\n eth0 1 10\n}\n${instance('')}`, []],
  [
    'a delay of a tracked interface',
    `interface_up_down_delays {\n eth1 10\n}\n${instance(' track_interface {\n  eth1\n }')}`,
    [
      '2:2: warning: eth1: a down delay of 10 s is too long for V, whose backup takes over before eth1 counts as down (below 2 s it is safe: advert_int times 2, one advertisement less than down_timer_adverts)',
    ],
  ],
  ['a delay with more patience', `interface_up_down_delays {\n eth0 4\n}\n${instance(' down_timer_adverts 6')}`, []],
  [
    'a delay on an interface nobody waits for',
    `interface_up_down_delays {\n eth0 10\n}\n${instance(' dont_track_primary')}`,
    [],
  ],
];

describe('lint of VRRP', () => {
  for (const [name, text, expected] of TABLE) it(name, () => assert.deepEqual(findings(text), expected));
});
