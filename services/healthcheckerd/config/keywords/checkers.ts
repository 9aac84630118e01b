/** Keywords of the checkers of a real server. */
import {
  address,
  choice,
  flag,
  integer,
  interfaceName,
  optional,
  port,
  rest,
  script,
  timer,
  word,
} from '../../../shared/config/argument.js';
import { type KeywordSpec, KeywordTable, keyword, pending } from '../../../shared/config/keyword.js';
import { CHECKER_TIMING_KEYWORDS, RETRY } from './timing.js';

export const CONNECT_IP = keyword('connect_ip', [address('address')], 'Address to check.', {
  default: 'the address of the real server',
});
export const CONNECT_PORT = keyword('connect_port', [port()], 'Port to check.', {
  default: 'the port of the real server',
});
export const BINDTO = keyword('bindto', [address('address')], 'Source address of the check.', { aliases: ['bind_to'] });
export const BIND_IF = keyword('bind_if', [interfaceName()], 'Interface of the check.');
export const BIND_PORT = keyword('bind_port', [port()], 'Source port of the check.');
export const FWMARK = keyword(
  'fwmark',
  [integer('mark', { min: 0, max: 2 ** 32 - 1 })],
  'Mark of the packets of the check.',
);

const ENDPOINT_KEYWORDS = [CONNECT_IP, CONNECT_PORT, BINDTO, BIND_IF, BIND_PORT, FWMARK];

export const TCP_CHECK = keyword('TCP_CHECK', [], 'Up when a connection is accepted.', {
  block: { kind: 'keywords', table: new KeywordTable('TCP_CHECK', [...ENDPOINT_KEYWORDS, ...CHECKER_TIMING_KEYWORDS]) },
  blockOptional: true,
  repeat: 'list',
});

const NB_GET_RETRY = keyword('nb_get_retry', RETRY.arguments, 'Failures more until it is down.', {
  deprecated: "use 'retry'",
});

const URL_TABLE = new KeywordTable('url', [
  pending('path', [word('path')], 'What to get.'),
  pending('digest', [word('md5')], 'What the answer has to hash to.'),
  pending('status_code', [rest(word('code or range'))], 'Status that is good.', { default: '200-299' }),
  pending('virtualhost', [word('host')], 'Host header.'),
  pending('regex', [word('pattern')], 'What has to be in the answer.'),
  pending('regex_no_match', [], 'What must not be in the answer.'),
  pending('regex_options', [rest(word('option'))], 'Options of PCRE2.'),
  pending('regex_stack', [integer('start', { min: 1 }), integer('max', { min: 1 })], 'Stack of PCRE2.'),
  pending('regex_min_offset', [integer('offset', { min: 0 })], 'Where the match begins at the earliest.'),
  pending('regex_max_offset', [integer('offset', { min: 0 })], 'Where the match begins at the latest.'),
]);

const HTTP_KEYWORDS = [
  ...ENDPOINT_KEYWORDS,
  ...CHECKER_TIMING_KEYWORDS,
  NB_GET_RETRY,
  pending('http_protocol', [choice('version', ['1.0', '1.0C', '1.0c', '1.1'])], 'Version of HTTP.', { default: '1.0' }),
  pending('fast_recovery', [flag()], 'Gets all urls without delay after a failure.'),
  pending('virtualhost', [word('host')], 'Host header.'),
  pending('url', [], 'What to get and to expect.', { block: { kind: 'keywords', table: URL_TABLE }, repeat: 'list' }),
];

const HOST_TABLE = new KeywordTable('host', ENDPOINT_KEYWORDS);

const UNAVAILABLE = 'the real server is not watched: it counts as alive, but never comes up under alpha';

const checker = (name: string, doc: string, keywords: readonly KeywordSpec[]) =>
  pending(name, [], doc, {
    block: { kind: 'keywords', table: new KeywordTable(name, keywords) },
    blockOptional: true,
    repeat: 'list',
    consequence: UNAVAILABLE,
  });

/** Checkers that are known but cannot run yet. */
export const UNAVAILABLE_CHECKERS = [
  checker('HTTP_GET', 'Up when all urls answer as expected.', HTTP_KEYWORDS),
  checker('SSL_GET', 'HTTP_GET over TLS.', [
    ...HTTP_KEYWORDS,
    pending('enable_sni', [], 'Sends the host name in the TLS handshake.'),
    pending('tls_compliant', [], 'Insists on a proper end of the TLS connection.', { since: '2.3.0' }),
  ]),
  checker('SMTP_CHECK', 'Up when a mail server greets.', [
    ...ENDPOINT_KEYWORDS,
    ...CHECKER_TIMING_KEYWORDS,
    pending('helo_name', [word('name')], 'Name in the HELO command.', { aliases: ['hello_name'] }),
    pending('host', [], 'Another address to check.', {
      block: { kind: 'keywords', table: HOST_TABLE },
      repeat: 'list',
      deprecated: 'put its keywords into SMTP_CHECK itself, one SMTP_CHECK for each host',
    }),
  ]),
  checker('DNS_CHECK', 'Up when a DNS query is answered.', [
    ...ENDPOINT_KEYWORDS,
    ...CHECKER_TIMING_KEYWORDS,
    pending('type', [word('type')], 'Type of the query.', { default: 'SOA' }),
    pending('name', [word('domain')], 'Name to ask for.', { default: '.' }),
  ]),
  checker('MISC_CHECK', 'Up when a script says so.', [
    ...CHECKER_TIMING_KEYWORDS,
    pending('misc_path', [script(), optional(word('user')), optional(word('group'))], 'The script.'),
    pending('misc_timeout', [timer('seconds', { min: 0 })], 'How long it may run.'),
    pending('misc_dynamic', [], 'Its exit status is the weight.'),
    pending('user', [word('user'), optional(word('group'))], 'User and group of the script.'),
  ]),
  checker('BFD_CHECK', 'Up when a BFD session is up.', [pending('name', [word('bfd_instance')], 'The session.')]),
  checker('PING_CHECK', 'Up when an ICMP echo is answered.', [...ENDPOINT_KEYWORDS, ...CHECKER_TIMING_KEYWORDS]),
  checker('UDP_CHECK', 'Up when a datagram is not refused.', [
    ...ENDPOINT_KEYWORDS,
    ...CHECKER_TIMING_KEYWORDS,
    pending('payload', [rest(word('hex'))], 'What to send.'),
    pending('require_reply', [rest(word('hex'), { atLeast: 0 })], 'What has to come back.'),
    pending('min_reply_length', [integer('bytes', { min: 0, max: 65507 })], 'Shortest reply.', { default: '0' }),
    pending('max_reply_length', [integer('bytes', { min: 0, max: 65507 })], 'Longest reply.', { default: '255' }),
  ]),
  checker('FILE_CHECK', 'Up while a file says so.', [
    pending('track_file', [word('track_file')], 'The file.'),
    pending('dynamic', [], 'Its number moves the weight.'),
    pending('weight', [integer('factor', { min: -2147483647, max: 2147483647 }), optional(word('reverse'))], 'Factor.'),
  ]),
];
