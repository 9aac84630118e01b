/** `keepwatchctl notifications`. */
import { NotifyState } from '../../services/shared/rpc/generated/keepwatch/v1/notify.js';
import { coloursFor } from './colours.js';
import { connectTo } from './connection.js';
import { EXIT_FAILED, EXIT_GOOD } from './exitCode.js';
import { renderNotifications } from './renderNotifications.js';
import { Failure, type Target } from './target.js';

export interface NotificationsOptions {
  readonly json: boolean;
  /** Only what did not work. */
  readonly failed: boolean;
  /** About these lanes or names only: `VI_1`, `instance VI_1`. */
  readonly about: string | undefined;
}

/** Prints what was told lately and what waits. */
export async function showNotifications(
  target: Target,
  { json, failed, about }: NotificationsOptions,
): Promise<number> {
  const { channel, control } = connectTo(target);
  try {
    const { status } = await control.getStatus({});
    const notify = status?.notify;
    if (notify === undefined)
      throw new Failure(EXIT_FAILED, 'notifierd has not told its state: see keepwatchctl status');
    const results = notify.recent.filter(
      ({ ok, lane }) => !(failed && ok) && (about === undefined || lane === about || lane.endsWith(` ${about}`)),
    );
    process.stdout.write(
      json
        ? `${JSON.stringify(NotifyState.toJSON({ ...notify, recent: results }), undefined, 2)}\n`
        : renderNotifications(notify, results, new Date(), coloursFor(process.stdout)),
    );
    return EXIT_GOOD;
  } finally {
    channel.close();
  }
}
