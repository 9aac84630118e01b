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
import { type KeywordSpec, KeywordTable, keyword } from '../../../shared/config/keyword.js';
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

export const NB_GET_RETRY = keyword('nb_get_retry', RETRY.arguments, 'Failures more until it is down.', {
  deprecated: "use 'retry'",
});

export const URL_PATH = keyword('path', [word('path')], 'What to get.');
export const URL_DIGEST = keyword('digest', [word('md5')], 'What the answer has to hash to.');
export const URL_STATUS = keyword('status_code', [rest(word('code or range'))], 'Status that is good.', {
  default: '200-299',
});
export const URL_VIRTUALHOST = keyword('virtualhost', [word('host')], 'Host header.');
export const REGEX = keyword('regex', [word('pattern')], 'What has to be in the answer (PCRE2).');
export const REGEX_NO_MATCH = keyword('regex_no_match', [], 'What must not be in the answer.');
export const REGEX_OPTIONS = keyword('regex_options', [rest(word('option'))], 'Options of PCRE2.');
export const REGEX_STACK = keyword(
  'regex_stack',
  [integer('start', { min: 1 }), integer('max', { min: 1 })],
  'Stack of PCRE2, in bytes.',
);
export const REGEX_MIN_OFFSET = keyword(
  'regex_min_offset',
  [integer('offset', { min: 0 })],
  'Where the match begins at the earliest.',
);
export const REGEX_MAX_OFFSET = keyword(
  'regex_max_offset',
  [integer('offset', { min: 0 })],
  'Where the match begins at the latest.',
);

const URL_TABLE = new KeywordTable('url', [
  URL_PATH,
  URL_DIGEST,
  URL_STATUS,
  URL_VIRTUALHOST,
  REGEX,
  REGEX_NO_MATCH,
  REGEX_OPTIONS,
  REGEX_STACK,
  REGEX_MIN_OFFSET,
  REGEX_MAX_OFFSET,
]);

export const HTTP_PROTOCOL = keyword(
  'http_protocol',
  [choice('version', ['1.0', '1.0C', '1.0c', '1.1'])],
  'Version of HTTP.',
  { default: '1.0' },
);
export const FAST_RECOVERY = keyword('fast_recovery', [flag()], 'Gets all urls without delay after a failure.');
export const CHECKER_VIRTUALHOST = keyword('virtualhost', [word('host')], 'Host header.');
export const URL = keyword('url', [], 'What to get and to expect.', {
  block: { kind: 'keywords', table: URL_TABLE },
  repeat: 'list',
});

const HTTP_KEYWORDS = [
  ...ENDPOINT_KEYWORDS,
  ...CHECKER_TIMING_KEYWORDS,
  NB_GET_RETRY,
  HTTP_PROTOCOL,
  FAST_RECOVERY,
  CHECKER_VIRTUALHOST,
  URL,
];

const checker = (name: string, doc: string, keywords: readonly KeywordSpec[]) =>
  keyword(name, [], doc, {
    block: { kind: 'keywords', table: new KeywordTable(name, keywords) },
    blockOptional: true,
    repeat: 'list',
  });

export const HTTP_GET = checker('HTTP_GET', 'Up when all urls answer as expected.', HTTP_KEYWORDS);

export const ENABLE_SNI = keyword('enable_sni', [], 'Sends the host name in the TLS handshake.');
export const TLS_COMPLIANT = keyword('tls_compliant', [], 'Insists on a proper end of the TLS connection.', {
  since: '2.3.0',
});
export const SSL_GET = checker('SSL_GET', 'HTTP_GET over TLS; the certificate of the server is not judged.', [
  ...HTTP_KEYWORDS,
  ENABLE_SNI,
  TLS_COMPLIANT,
]);

export const HELO_NAME = keyword('helo_name', [word('name')], 'Name in the HELO command.', {
  aliases: ['hello_name'],
  default: 'smtpchecker.keepalived.org',
});
export const SMTP_HOST = keyword('host', [], 'Another address to check.', {
  block: { kind: 'keywords', table: new KeywordTable('host', ENDPOINT_KEYWORDS) },
  repeat: 'list',
  deprecated: 'put its keywords into SMTP_CHECK itself, one SMTP_CHECK for each host',
});
export const SMTP_CHECK = checker('SMTP_CHECK', 'Up when a mail server greets.', [
  ...ENDPOINT_KEYWORDS,
  ...CHECKER_TIMING_KEYWORDS,
  HELO_NAME,
  SMTP_HOST,
]);

export const DNS_TYPE = keyword('type', [word('type')], 'Type of the query.', { default: 'SOA' });
export const DNS_NAME = keyword('name', [word('domain')], 'Name to ask for.', { default: '.' });
export const DNS_CHECK = checker('DNS_CHECK', 'Up when a DNS query is answered.', [
  ...ENDPOINT_KEYWORDS,
  ...CHECKER_TIMING_KEYWORDS,
  DNS_TYPE,
  DNS_NAME,
]);

export const MISC_PATH = keyword(
  'misc_path',
  [script(), optional(word('user')), optional(word('group'))],
  'The script.',
);
export const MISC_TIMEOUT = keyword('misc_timeout', [timer('seconds', { min: 0 })], 'How long it may run.', {
  default: 'delay_loop',
});
export const MISC_DYNAMIC = keyword('misc_dynamic', [], 'Its exit status is the weight.');
export const MISC_USER = keyword('user', [word('user'), optional(word('group'))], 'User and group of the script.');
export const MISC_CHECK = checker('MISC_CHECK', 'Up when a script says so.', [
  ...CHECKER_TIMING_KEYWORDS,
  MISC_PATH,
  MISC_TIMEOUT,
  MISC_DYNAMIC,
  MISC_USER,
]);

export const PING_CHECK = checker('PING_CHECK', 'Up when an ICMP echo is answered.', [
  ...ENDPOINT_KEYWORDS,
  ...CHECKER_TIMING_KEYWORDS,
]);

const LENGTH = [integer('bytes', { min: 0, max: 65507 })] as const;
export const PAYLOAD = keyword('payload', [rest(word('hex'))], 'What to send.', {
  default: 'a text that says who asks',
});
export const REQUIRE_REPLY = keyword('require_reply', [rest(word('hex'), { atLeast: 0 })], 'What has to come back.');
export const MIN_REPLY_LENGTH = keyword('min_reply_length', LENGTH, 'Shortest reply.', { default: '0' });
export const MAX_REPLY_LENGTH = keyword('max_reply_length', LENGTH, 'Longest reply.', { default: '255' });
export const UDP_CHECK = checker('UDP_CHECK', 'Up when a datagram is not refused.', [
  ...ENDPOINT_KEYWORDS,
  ...CHECKER_TIMING_KEYWORDS,
  PAYLOAD,
  REQUIRE_REPLY,
  MIN_REPLY_LENGTH,
  MAX_REPLY_LENGTH,
]);

export const CHECK_FILE = keyword('track_file', [word('track_file')], 'The file.');
export const FILE_DYNAMIC = keyword('dynamic', [], 'Its number moves the weight, as it does with any weight but 0.');
export const FILE_WEIGHT = keyword(
  'weight',
  [integer('factor', { min: -2147483647, max: 2147483647 }), optional(word('reverse'))],
  'Factor of its number; with 0 any number but 0 means down.',
  { default: 'weight of the track_file' },
);
export const FILE_CHECK = checker('FILE_CHECK', 'Up while a file says so.', [CHECK_FILE, FILE_DYNAMIC, FILE_WEIGHT]);

export const CHECK_SESSION = keyword('name', [word('bfd_instance')], 'The session.');
export const BFD_CHECK = checker('BFD_CHECK', 'Up while a BFD session is Up.', [CHECK_SESSION]);

/** All checkers. */
export const CHECKERS = [
  TCP_CHECK,
  HTTP_GET,
  SSL_GET,
  SMTP_CHECK,
  DNS_CHECK,
  MISC_CHECK,
  UDP_CHECK,
  PING_CHECK,
  FILE_CHECK,
  BFD_CHECK,
];
