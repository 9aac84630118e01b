/** What happens once before the services of a suite are started. */
import type { Placement } from '../../services/shared/config/placement.js';
import { openDatagram } from '../../services/shared/kernel/openDatagram.js';
import { SystemClock } from '../../services/shared/kernel/systemClock.js';
import { createLogger, type Logger } from '../../services/shared/log/logger.js';
import type { ConfigParts } from '../../services/supervisor/parts.js';
import { suiteScript } from '../../services/supervisor/suiteScript.js';
import type { Flags } from './flags.js';

/** The log of the supervisor as its flags say. */
export const supervisorLogger = ({ log }: Flags): Logger =>
  createLogger('keepwatchd', log, { stderrIsTerminal: process.stderr.isTTY === true, openDatagram });

/** Runs `startup_script`. */
export const startup = (flags: Flags, parts: ConfigParts, placement: Placement): Promise<void> =>
  suiteScript('startup', { parts, placement }, new SystemClock(), supervisorLogger(flags));
