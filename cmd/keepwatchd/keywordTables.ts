/** All keywords there are, from the tables of all services. */

import { HEALTH_TABLE } from '../../services/healthcheckerd/config/keywords.js';
import { BFD_TABLE } from '../../services/shared/config/bfd.js';
import { COMMON_TABLE } from '../../services/shared/config/common.js';
import type { KeywordTable } from '../../services/shared/config/keyword.js';
import { VRRP_TABLE } from '../../services/vrrpd/config/keywords.js';

/** The tables of the top level, in the order of keepalived.conf(5). */
export const KEYWORD_TABLES: readonly KeywordTable[] = [COMMON_TABLE, BFD_TABLE, VRRP_TABLE, HEALTH_TABLE];
