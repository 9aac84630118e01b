import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { unclosedIn } from '../../../../services/healthcheckerd/config/checks/pattern.js';
import { messages } from '../../shared/config/support.js';

/** Findings without the file; that something has no effect yet is looked at elsewhere. */
const findings = (text: string): readonly string[] =>
  messages(text)
    .filter((message) => !message.includes('no effect yet'))
    .map((message) => message.replace('/k.conf:', ''));

const server = (lines: string, real: string): string =>
  `virtual_server 192.0.2.1 80 {\n lb_algo rr\n lb_kind NAT\n protocol TCP\n${lines}\n real_server 192.0.2.2 80 {\n${real}\n }\n}\n`;
const check = (kind: string, lines: string): string => server('', ` ${kind} {\n${lines}\n }`);
const url = (lines: string): string => check('HTTP_GET', ` url {\n${lines}\n }`);

/** Name, configuration, findings. keepalived 2.2.7 -t complains of the same ones but the quorum, unless the name says otherwise. */
const TABLE: readonly (readonly [string, string, readonly string[]])[] = [
  ['a quorum within reach', server(' quorum 2\n hysteresis 1', ' weight 3'), []],
  [
    'a quorum that never comes back',
    server(' quorum 2\n hysteresis 1', ' weight 2'),
    [
      '6:2: warning: virtual_server 192.0.2.1 80: once lost, the quorum never comes back: quorum 2 and hysteresis 1 are above the weight of all real servers, 2 (quorum and hysteresis together may be 2 at most)',
    ],
  ],
  [
    'weights of 0',
    server('', ' weight 0'),
    ['1:1: warning: virtual_server 192.0.2.1 80: all real servers have weight 0, so none gets connections'],
  ],
  [
    'ops with TCP',
    server(' ops', ''),
    ["5:2: warning: virtual_server 192.0.2.1 80: 'ops' is for UDP only and has no effect (remove it)"],
  ],
  [
    'HTTP_GET without url',
    check('HTTP_GET', ' connect_port 80'),
    ["7:2: error: HTTP_GET has no 'url' (add 'url' to it)"],
  ],
  ['a url without path', url(' status_code 200'), ["8:2: error: url has no 'path' (add 'path' to it)"]],
  ['a url', url(' path /\n status_code 200-299 301\n regex a'), []],
  [
    'a status code out of range',
    url(' path /\n status_code 99'),
    ["10:14: error: 'status_code' is 100..599 or a range such as 200-299, not '99'"],
  ],
  [
    'a range of status codes the wrong way round',
    url(' path /\n status_code 200-100'),
    ["10:14: error: 'status_code' is 100..599 or a range such as 200-299, not '200-100'"],
  ],
  [
    'a digest that is none',
    url(' path /\n digest zz'),
    ["10:9: error: 'digest' is 32 hexadecimal digits, not 'zz' (keepwatch-genhash computes it)"],
  ],
  [
    'regex_no_match without regex (keepalived is silent)',
    url(' path /\n regex_no_match'),
    ["10:2: warning: 'regex_no_match' without 'regex' is ignored"],
  ],
  [
    'an unknown type of query',
    check('DNS_CHECK', ' type FOO'),
    ["8:7: error: 'type' is one of A, NS, CNAME, SOA, MX, TXT, AAAA, not 'FOO'"],
  ],
  ['a type of query in small letters', check('DNS_CHECK', ' type aaaa'), []],
  [
    'MISC_CHECK without path',
    check('MISC_CHECK', ' misc_timeout 3'),
    ["7:2: error: MISC_CHECK has no 'misc_path' (add 'misc_path' to it)"],
  ],
  [
    'a payload that is not hexadecimal',
    check('UDP_CHECK', ' payload zz'),
    ["8:10: error: 'payload' is bytes in hexadecimal, not 'zz'"],
  ],
  ['a payload ending in FF', check('UDP_CHECK', ' payload 00 FF'), []],
  [
    'a reply that can never fit',
    check('UDP_CHECK', ' require_reply ab\n min_reply_length 20\n max_reply_length 10'),
    ['9:19: error: min_reply_length 20 is above max_reply_length 10: the check could never succeed'],
  ],
  [
    'BFD_CHECK of an unknown session',
    check('BFD_CHECK', ' name nope'),
    ["8:7: error: BFD_CHECK: there is no bfd_instance 'nope'"],
  ],
  ['BFD_CHECK without name', check('BFD_CHECK', ''), ["7:2: error: BFD_CHECK has no 'name' (add 'name' to it)"]],
  [
    'FILE_CHECK of an unknown file',
    check('FILE_CHECK', ' track_file nope'),
    ["8:13: error: FILE_CHECK: there is no track_file 'nope'"],
  ],
  [
    'a version of HTTP that is none',
    check('HTTP_GET', ' http_protocol 2.0\n url {\n  path /\n }'),
    ["8:16: error: 'http_protocol' is one of 1.0, 1.0C, 1.0c, 1.1, not '2.0' (did you mean '1.0'?)"],
  ],
];

describe('checks and lint of virtual servers', () => {
  for (const [name, text, expected] of TABLE) it(name, () => assert.deepEqual(findings(text), expected));
});

describe('unclosed parts of a regular expression', () => {
  const CASES: readonly (readonly [string, string | undefined])[] = [
    ['^HTTP/1\\.[01] (200|301)$', undefined],
    ['[](]', undefined],
    ['[^]]x', undefined],
    ['[[:alpha:])]', undefined],
    ['\\(', undefined],
    ['\\Q((\\E', undefined],
    ['(?<name>a)++', undefined],
    ['([', "a '[' without ']'"],
    ['(a', "a '(' without ')'"],
    ['a)', "a ')' without '('"],
    ['a\\', "a '\\' at its end"],
  ];
  for (const [pattern, expected] of CASES) it(pattern, () => assert.equal(unclosedIn(pattern), expected));
});
