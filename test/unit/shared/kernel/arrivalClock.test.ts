import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ArrivalClock, SO_TIMESTAMPNS } from '../../../../services/shared/kernel/arrivalClock.js';
import { check, closeFd, libc, openSocket, SOL_SOCKET, setIntOption } from '../../../../services/shared/kernel/libc.js';
import { PacketBatch } from '../../../../services/shared/kernel/packetBatch.js';
import { SystemClock } from '../../../../services/shared/kernel/systemClock.js';
import { FakeClock } from '../../../../services/shared/time/clock.js';
import { elapsed, millis, seconds } from '../../../../services/shared/time/duration.js';

const AF_INET = 2;
const SOCK_DGRAM = 2;

describe('the time a packet came', () => {
  const clock = new FakeClock();
  clock.advance(seconds(1_000));
  const wall = 1_700_000_000_000_000;
  const arrivals = new ArrivalClock(clock, () => wall);
  arrivals.look();
  const ages: ReadonlyArray<readonly [what: string, stamp: number | undefined, age: number]> = [
    ['now', wall, 0],
    ['a while ago', wall - 1_500, 1_500],
    ['long ago, or the clock was set forward', wall - 3_600_000_000, 20_000],
    ['later than now: the clock was set back', wall + 3_600_000_000, 0],
    ['not known', undefined, 0],
  ];
  for (const [what, stamp, age] of ages) it(what, () => assert.equal(elapsed(arrivals.at(stamp), clock.now()), age));
});

it('is noted by the kernel for each packet of a batch, and for no socket that does not want it', async () => {
  const clock = new SystemClock();
  const arrivals = new ArrivalClock(clock);
  const batch = new PacketBatch();
  const [receiver, sender] = [openSocket(AF_INET, SOCK_DGRAM, 0, 'udp'), openSocket(AF_INET, SOCK_DGRAM, 0, 'udp')];
  try {
    const place = Buffer.from([AF_INET, 0, 0, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    check('bind', libc.bind(receiver, place, place.length), '');
    check('getsockname', libc.getsockname(receiver, place, Buffer.from([16, 0, 0, 0])), '');
    const send = () => check('sendto', libc.sendto(sender, Buffer.alloc(20), 20, 0, place, place.length), '');
    const receive = (): (number | undefined)[] => {
      const taken = check('recvmmsg', batch.receive(receiver), '');
      arrivals.look();
      return Array.from({ length: taken }, (_, index) => batch.stampAt(index));
    };
    send();
    assert.deepEqual(receive(), [undefined]);

    setIntOption(receiver, SOL_SOCKET, SO_TIMESTAMPNS, 1, 'SO_TIMESTAMPNS');
    // The kernel begins to note times a moment after the first socket wants them.
    await new Promise((done) => setTimeout(done, 50));
    const before = clock.now();
    send();
    send();
    const after = clock.now();
    await new Promise((done) => setTimeout(done, 10));
    const [first, second] = receive();
    const [one, other] = [arrivals.at(first), arrivals.at(second)];
    assert.ok(first !== undefined && second !== undefined);
    const tolerance = millis(1);
    assert.ok(
      one >= before - tolerance && one <= other && other <= after + tolerance,
      `${before} ${one} ${other} ${after}`,
    );
    assert.ok(elapsed(other, clock.now()) >= millis(8), 'not when it was read');
    send();
    assert.notEqual(receive()[0], undefined, 'the next batch too');
  } finally {
    closeFd(receiver);
    closeFd(sender);
  }
});
