/** keepwatch-bfdd: flags and wiring. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { interpretBfdConfig } from '../../services/bfdd/config/interpret.js';
import { RESUME_RECORD_BYTES, ResumeRecord } from '../../services/bfdd/resumeRecord.js';
import { BfdService } from '../../services/bfdd/service.js';
import { TimerfdDeadlineTimer } from '../../services/shared/kernel/deadlineTimer.js';
import { openDatagram } from '../../services/shared/kernel/openDatagram.js';
import { ResumeFile } from '../../services/shared/kernel/resumeFile.js';
import { applyScheduling } from '../../services/shared/kernel/scheduling.js';
import { SystemClock } from '../../services/shared/kernel/systemClock.js';
import { openUdpListener, openUdpSender } from '../../services/shared/kernel/udpSocket.js';
import { serviceMain } from '../../services/shared/rpc/serviceMain.js';

const clock = new SystemClock();

void serviceMain({
  name: 'bfdd',
  summary: 'Runs the BFD sessions.',
  clock,
  openDatagram,
  start: ({ runDir, logger, events, impairmentsChanged }) => ({
    behaviour: new BfdService({
      clock,
      logger,
      kernel: {
        openDeadlineTimer: (onExpire) =>
          new TimerfdDeadlineTimer(onExpire, (error) => logger.error({ err: error }, error.message)),
        openUdpListener: (options) => openUdpListener(options, clock),
        openUdpSender,
      },
      events,
      interpret: interpretBfdConfig,
      openResume: () =>
        new ResumeRecord(new ResumeFile(join(runDir, 'bfdd.resume'), RESUME_RECORD_BYTES), (error) =>
          logger.warn({ err: error }, 'resume record not written: a crash of bfdd would be noticed'),
        ),
      // Unpredictable: who cannot read the packets shall not be able to write any (RFC 5880 section 6.3).
      random: () => randomBytes(4).readUInt32BE(0),
      // After the poll phase: by then every socket that was readable has been read.
      defer: (task) => setImmediate(task),
      applyScheduling: (wanted) => applyScheduling('bfd', wanted),
      impairmentsChanged,
    }),
  }),
});
