/** What healthcheckerd understands at the top level. */
import { word } from '../../shared/config/argument.js';
import { KeywordTable, keyword } from '../../shared/config/keyword.js';
import { VIRTUAL_SERVER } from './keywords/server.js';

export const VIRTUAL_SERVER_GROUP = keyword('virtual_server_group', [word('name')], 'Several services with one pool.', {
  block: { kind: 'lines', line: 'address [port] | first-last [port] | fwmark number [inet|inet6]' },
  repeat: 'list',
});

export const SSL_PASSWORD = keyword('password', [word('password')], 'Password of the key.');
export const SSL_CA = keyword('ca', [word('path')], 'Certificates to offer with the own one and to trust.');
export const SSL_CERTIFICATE = keyword('certificate', [word('path')], 'Own certificate.');
export const SSL_KEY = keyword('key', [word('path')], 'Key of the certificate.');
export const SSL = keyword('SSL', [], 'TLS of SSL_GET.', {
  block: { kind: 'keywords', table: new KeywordTable('SSL', [SSL_PASSWORD, SSL_CA, SSL_CERTIFICATE, SSL_KEY]) },
});

/** The top-level blocks of healthcheckerd. */
export const HEALTH_TABLE = new KeywordTable('the LVS configuration', [VIRTUAL_SERVER, VIRTUAL_SERVER_GROUP, SSL]);
