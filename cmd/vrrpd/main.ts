/** keepwatch-vrrpd: flags and wiring. */
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, extname, join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { systemRoutingNames } from '../../services/shared/config/systemRoutingNames.js';
import type { ConfigTree } from '../../services/shared/config/tree.js';
import { understoodOnce } from '../../services/shared/config/understoodOnce.js';
import { BootFile } from '../../services/shared/kernel/bootFile.js';
import { openDatagram } from '../../services/shared/kernel/openDatagram.js';
import { ResumeFile, readResumeFile } from '../../services/shared/kernel/resumeFile.js';
import { applyScheduling } from '../../services/shared/kernel/scheduling.js';
import { SystemClock } from '../../services/shared/kernel/systemClock.js';
import { systemKernel } from '../../services/shared/kernel/systemKernel.js';
import { pidPath, watcherSocketPath } from '../../services/shared/rpc/paths.js';
import { serviceMain } from '../../services/shared/rpc/serviceMain.js';
import { programProblem } from '../../services/shared/script/program.js';
import { interpretVrrpConfig } from '../../services/vrrpd/config/interpret.js';
import { type KeyFile, withKeyFiles } from '../../services/vrrpd/keyFiles.js';
import { LazySlots, parseRecords, RESUME_RECORD_BYTES, ResumeRecord } from '../../services/vrrpd/resumeRecord.js';
import { VrrpService } from '../../services/vrrpd/service.js';
import { SpeakerLock } from '../../services/vrrpd/speakerLock.js';
import { TRACK_RECORD_BYTES, TrackRecord } from '../../services/vrrpd/track/trackRecord.js';
import { TrackWatch } from '../../services/vrrpd/track/trackWatch.js';
import { watcherAt, watcherChild } from '../../services/vrrpd/track/watcherChannel.js';
import { watcherLink } from '../../services/vrrpd/track/watcherLink.js';
import { vrrpRpcService } from '../../services/vrrpd/vrrpService.js';

// V8 forgets the code of functions that were not called for a while: for a backup that is the takeover.
setFlagsFromString('--no-flush-bytecode');
// A thousand instances take 7 MB; to read their configuration takes ten times that, which V8 would keep for a long time. Small
// steps also make short pauses.
setFlagsFromString('--heap-growing-percent=20');
setFlagsFromString('--semi-space-growth-factor=1');

/** A configuration does not wait longer for the file system of a script: a master that was killed has to be back in time. */
const PROGRAM_PATIENCE_MS = 300;

const clock = new SystemClock();

/** The command that watches what is tracked; it stands beside this one, bundled or as source. */
function watcherArguments(): readonly string[] {
  const ours = realpathSync(process.argv[1] ?? '');
  return [...process.execArgv, join(dirname(dirname(ours)), 'trackd', `main${extname(ours)}`)];
}

void serviceMain({
  name: 'vrrpd',
  summary: 'Runs the VRRP instances and owns their addresses.',
  clock,
  openDatagram,
  standby: true,
  start: ({ runDir, logger, events, impairmentsChanged, standby, tookOver }) => {
    const behaviour = new VrrpService({
      clock,
      logger,
      kernel: systemKernel(clock, (error) => logger.error({ err: error }, error.message)),
      events,
      interpret: understoodOnce((tree: ConfigTree) =>
        withKeyFiles(
          interpretVrrpConfig(tree, { hostname: hostname(), routingNames: systemRoutingNames() }),
          readKeyFile,
        ),
      ),
      openWatch: (registry) =>
        new TrackWatch(
          {
            clock,
            logger,
            openLink: watcherLink(() => {
              const offered = watcherSocketPath(runDir);
              return existsSync(offered) ? watcherAt(offered) : watcherChild(watcherArguments());
            }),
            openRecord: () =>
              new TrackRecord(new ResumeFile(join(runDir, 'vrrpd.trackers'), TRACK_RECORD_BYTES), (error) =>
                logger.warn(
                  { err: error },
                  'record of trackers not written: a crash of vrrpd would forget their states',
                ),
              ),
            impairmentsChanged,
          },
          registry,
        ),
      openResume: () =>
        new ResumeRecord(new LazySlots(() => new ResumeFile(resumePath(runDir), RESUME_RECORD_BYTES)), (error) =>
          logger.warn({ err: error }, 'resume record not written: a crash of vrrpd would be noticed'),
        ),
      machine: new BootFile(join(runDir, 'vrrpd.machine')),
      right: new SpeakerLock(join(runDir, 'vrrpd.speaker'), pidPath(runDir, 'vrrpd'), (error) =>
        logger.error({ err: error }, error.message),
      ),
      ...(standby
        ? {
            standby: {
              tookOver,
              readResume: () => {
                const records = readResumeFile(resumePath(runDir), RESUME_RECORD_BYTES);
                return records === undefined ? undefined : parseRecords(records);
              },
              kill: (pid) => process.kill(pid, 'SIGKILL'),
            },
          }
        : {}),
      // After the poll phase: by then every socket that was readable has been read.
      defer: (task) => setImmediate(task),
      applyScheduling: (wanted) => applyScheduling('vrrp', wanted),
      programProblem: (name) => programProblem(name, PROGRAM_PATIENCE_MS),
      impairmentsChanged,
    });
    return { behaviour, services: [vrrpRpcService(behaviour)] };
  },
});

const resumePath = (runDir: string): string => join(runDir, 'vrrpd.resume');

function readKeyFile(path: string): KeyFile {
  return { text: readFileSync(path, 'utf8'), exposed: (statSync(path).mode & 0o077) !== 0 };
}
