/** vrrpd's side of the watcher process, with a made-up process. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { silentLogger } from '../../../../services/shared/log/logger.js';
import type { ScriptOutcome } from '../../../../services/shared/script/outcome.js';
import { FakeClock } from '../../../../services/shared/time/clock.js';
import { micros, millis, seconds } from '../../../../services/shared/time/duration.js';
import type { TrackScriptConfig, VrrpConfig } from '../../../../services/vrrpd/config/model.js';
import { TrackerRegistry } from '../../../../services/vrrpd/track/registry.js';
import { TrackRecord } from '../../../../services/vrrpd/track/trackRecord.js';
import { TrackWatch } from '../../../../services/vrrpd/track/trackWatch.js';
import type { WatcherLinkEvents } from '../../../../services/vrrpd/track/watcherLink.js';
import type { WatchMessage, WatchRequest } from '../../../../services/vrrpd/track/wire.js';
import { config, MemorySlots, position } from '../support.js';

const script = (changes: Partial<TrackScriptConfig> = {}): TrackScriptConfig => ({
  name: 'chk',
  command: { argv: ['/bin/chk'], position },
  interval: seconds(1),
  timeout: seconds(1),
  rise: 2,
  fall: 2,
  initFail: false,
  ...changes,
});
const withScripts = (...trackScripts: readonly TrackScriptConfig[]): VrrpConfig => ({ ...config([]), trackScripts });

function newWatch(slots = new MemorySlots()) {
  const clock = new FakeClock();
  const requests: WatchRequest[] = [];
  let events: WatcherLinkEvents | undefined;
  let closed = 0;
  const registry = new TrackerRegistry(() => {});
  const watch = new TrackWatch(
    {
      clock,
      logger: silentLogger(),
      openLink: (given) => {
        events = given;
        return { request: (request) => requests.push(request), close: () => closed++ };
      },
      openRecord: () =>
        new TrackRecord(slots, (error) => {
          throw error;
        }),
      impairmentsChanged: () => {},
    },
    registry,
  );
  const say = (message: WatchMessage): void => events?.onMessage(message);
  const result = (outcome: ScriptOutcome): void =>
    say({ kind: 'script', name: 'chk', at: clock.now(), outcome, duration: micros(1), outputTail: '' });
  const exit = (code: number): void => result({ kind: 'exited', code });
  const condition = () => registry.reading('script', 'chk')?.condition;
  return {
    watch,
    registry,
    requests,
    say,
    result,
    exit,
    condition,
    slots,
    lose: () => events?.onLost('killed by SIGKILL'),
    closed: () => closed,
  };
}

describe('scripts', () => {
  it('are told apart: exit status, signal, time-out, no start', () => {
    const { watch, registry, result, condition } = newWatch();
    const detail = () => registry.reading('script', 'chk')?.detail;
    watch.configure(withScripts(script({ fall: 1, rise: 1 })));
    result({ kind: 'cannot-start', reason: '/bin/chk does not exist' });
    assert.deepEqual([condition(), detail()], ['ignored', 'cannot be started: /bin/chk does not exist']);
    result({ kind: 'exited', code: 3 });
    assert.deepEqual([condition(), detail()], ['bad', 'exit 3']);
    result({ kind: 'signalled', signal: 'SIGSEGV' });
    assert.deepEqual([condition(), detail()], ['bad', 'killed by SIGSEGV']);
    result({ kind: 'timed-out', limit: millis(300) });
    assert.deepEqual([condition(), detail()], ['bad', 'timed out after 300 ms and was killed']);
    result({ kind: 'exited', code: 0 });
    assert.deepEqual([condition(), detail()], ['good', 'exit 0']);
    // One that ran before and cannot be started any more has failed.
    result({ kind: 'cannot-start', reason: '/bin/chk does not exist' });
    assert.equal(condition(), 'bad');
  });

  it('keep their counts over a reload that changes rhythm or weight, and begin anew with another command', () => {
    const { watch, exit, condition, requests } = newWatch();
    watch.configure(withScripts(script()));
    exit(0);
    exit(1);
    watch.configure(withScripts(script({ interval: seconds(2) })));
    assert.equal(condition(), 'good');
    exit(1);
    assert.equal(condition(), 'bad', 'the second failure in a row');
    const other = script({ command: { argv: ['/bin/other'], position } });
    watch.configure(withScripts(other));
    assert.equal(condition(), 'bad', 'until there is a result of the new one');
    exit(0);
    assert.equal(condition(), 'good', 'its first result decides alone');
    watch.configure(withScripts(other));
    assert.equal(requests.length, 3, 'what is the same is not asked again');
  });

  it('outlive a crash of vrrpd, counts included', () => {
    const first = newWatch();
    first.watch.configure(withScripts(script({ fall: 3 })));
    first.exit(0);
    first.exit(1);
    const second = newWatch(first.slots);
    second.watch.configure(withScripts(script({ fall: 3 })));
    assert.equal(second.condition(), 'good');
    second.exit(1);
    assert.equal(second.condition(), 'good');
    second.exit(1);
    assert.equal(second.condition(), 'bad');
    const third = newWatch(second.slots);
    third.watch.configure(withScripts(script({ command: { argv: ['/bin/other'], position } })));
    assert.equal(third.condition(), undefined, 'another command has no past');
  });

  it('that nobody tracks any more are forgotten, and without any the process ends', () => {
    const { watch, exit, registry, closed, slots } = newWatch();
    watch.configure(withScripts(script()));
    exit(1);
    watch.configure(withScripts());
    assert.deepEqual([[...registry.all()], closed()], [[], 1]);
    assert.equal(new TrackRecord(slots, () => {}).load().size, 0);
  });
});

describe('the watcher process', () => {
  it('that ends is an impairment until it speaks again; readings stay', () => {
    const { watch, exit, condition, lose, say } = newWatch();
    watch.configure(withScripts(script()));
    exit(0);
    lose();
    assert.deepEqual(watch.impairments(), ['trackers are not watched: their watcher ended (killed by SIGKILL)']);
    assert.equal(condition(), 'good');
    say({ kind: 'impairments', texts: [] });
    assert.deepEqual(watch.impairments(), []);
  });
});

describe('files', () => {
  it('keep the last number while what they hold is none', () => {
    const { watch, registry, say } = newWatch();
    const file = { name: 'f', path: '/f', position };
    watch.configure({ ...config([]), trackFiles: [file] });
    const at = new FakeClock().now();
    say({ kind: 'file', name: 'f', at, value: 5, detail: '5' });
    say({ kind: 'file', name: 'f', at, detail: '"99999999999" is out of range' });
    const { value, detail } = registry.reading('file', 'f') ?? {};
    assert.deepEqual([value, detail], [5, '5 ("99999999999" is out of range)']);
  });
});
