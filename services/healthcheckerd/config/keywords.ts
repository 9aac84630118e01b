/** What healthcheckerd understands at the top level. */
import { word } from '../../shared/config/argument.js';
import { KeywordTable, keyword, pending } from '../../shared/config/keyword.js';
import { VIRTUAL_SERVER } from './keywords/server.js';

export const VIRTUAL_SERVER_GROUP = keyword('virtual_server_group', [word('name')], 'Several services with one pool.', {
  block: { kind: 'lines', line: 'address [port] | first-last [port] | fwmark number [inet|inet6]' },
  repeat: 'list',
});

const SSL_TABLE = new KeywordTable('SSL', [
  pending('password', [word('password')], 'Password of the key.'),
  pending('ca', [word('path')], 'Certificates to trust.'),
  pending('certificate', [word('path')], 'Own certificate.'),
  pending('key', [word('path')], 'Key of the certificate.'),
]);

/** The top-level blocks of healthcheckerd. */
export const HEALTH_TABLE = new KeywordTable('the LVS configuration', [
  VIRTUAL_SERVER,
  VIRTUAL_SERVER_GROUP,
  pending('SSL', [], 'TLS of SSL_GET.', { block: { kind: 'keywords', table: SSL_TABLE } }),
]);
