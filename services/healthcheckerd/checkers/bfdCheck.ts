/** BFD_CHECK: up while a BFD session is Up. Standing: reports with every change. */
import type { BfdReading } from '../../shared/rpc/generated/keepwatch/v1/bfd.js';
import type { CheckResult } from '../checker.js';
import type { BfdCheckConfig } from '../config/checkerModel.js';
import type { SessionBoard } from '../sessionBoard.js';

/** What a session means; undefined while it has not had its time to come up: what was believed before stands. */
function judgeSession({ up, settled, detail }: BfdReading): CheckResult | undefined {
  if (up) return { kind: 'success' };
  return settled ? { kind: 'failure', reason: detail } : undefined;
}

/** Follows a session; see Prober.start. */
export function startBfdCheck(
  { name }: BfdCheckConfig,
  sessions: SessionBoard,
  ended: (result: CheckResult) => void,
): () => void {
  let last = '';
  let over = false;
  const look = (session: BfdReading | undefined): void => {
    const result = session === undefined || over ? undefined : judgeSession(session);
    const text = JSON.stringify(result);
    if (result === undefined || text === last) return;
    last = text;
    ended(result);
  };
  const deafen = sessions.listen(name, look);
  setImmediate(() => look(sessions.get(name)));
  return () => {
    over = true;
    deafen();
  };
}
