/** Runs inside the guest as root: ipvsd's own code against a real kernel, judged by ipvsadm. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, test } from 'node:test';
import { Controls } from '../../../services/ipvsd/controls.js';
import { openIpvs } from '../../../services/ipvsd/genlKernel.js';
import type { Ownership } from '../../../services/ipvsd/reconcile.js';
import { FORWARDING, type Service } from '../../../services/ipvsd/table.js';
import { TableKeeper } from '../../../services/ipvsd/tableKeeper.js';
import { silentLogger } from '../../../services/shared/log/logger.js';
import { parseIpAddress } from '../../../services/shared/net/address.js';

const bytes = (text: string): Uint8Array => {
  const address = parseIpAddress(text);
  assert.ok(address, text);
  return address.bytes;
};

const destination = (address: string, port: number, weight = 1, forwarding: number = FORWARDING.masq) => ({
  family: address.includes(':') ? (6 as const) : (4 as const),
  address: bytes(address),
  port,
  weight,
  forwarding,
  upperThreshold: 0,
  lowerThreshold: 0,
});

const settings = {
  scheduler: 'wlc',
  flags: 0,
  persistenceTimeout: 0,
  persistencePrefix: 32,
  persistenceEngine: '',
};

const tcp = (address: string, port: number, destinations: Service['destinations'], more: object = {}): Service => ({
  key: { kind: 'address', family: address.includes(':') ? 6 : 4, protocol: 6, address: bytes(address), port },
  settings: { ...settings, persistencePrefix: address.includes(':') ? 128 : 32, ...more },
  destinations,
});

const marked = (fwmark: number, family: 4 | 6, destinations: Service['destinations'], more: object = {}): Service => ({
  key: { kind: 'fwmark', family, fwmark },
  settings: { ...settings, persistencePrefix: family === 6 ? 128 : 32, ...more },
  destinations,
});

/** The kernel's table as ipvsadm writes it, sorted: its own order depends on a pointer hash. */
const saved = (): string[] =>
  execFileSync('ipvsadm-save', ['-n'], { encoding: 'utf8' }).trim().split('\n').filter(Boolean).sort();

const ipvsadm = (...words: string[]): void => {
  execFileSync('ipvsadm', words);
};

function keeper(record: { owned: Ownership } = { owned: new Map() }): TableKeeper {
  return new TableKeeper({
    open: openIpvs,
    record: {
      load: () => record.owned,
      save: (owned) => {
        record.owned = owned;
      },
    },
    controls: new Controls(silentLogger()),
    logger: silentLogger(),
    onChange: () => {},
  });
}

const whole = (...services: Service[]) => ({ services, complete: true, removed: [] });

after(() => ipvsadm('-C'));

test('a table of every kind of service arrives as ipvsadm would write it', async () => {
  const table = keeper();
  const outcome = await table.apply(
    whole(
      tcp('10.8.0.1', 80, [destination('10.9.1.1', 8080, 3), destination('10.9.1.2', 8080, 0)]),
      tcp('10.8.0.2', 443, [destination('10.9.1.1', 443, 1, FORWARDING.droute)], {
        scheduler: 'rr',
        persistenceTimeout: 50,
        persistencePrefix: 24,
      }),
      tcp('fd00:8::1', 80, [destination('fd00:9::1', 80, 2)], {
        scheduler: 'wrr',
        persistenceTimeout: 360,
        persistencePrefix: 64,
      }),
      marked(42, 4, [destination('10.9.1.3', 0, 7, FORWARDING.tunnel)], { scheduler: 'sh', flags: 0x10 }),
      marked(43, 6, [destination('fd00:9::3', 0, 1, FORWARDING.droute)], { scheduler: 'rr' }),
    ),
  );
  assert.deepEqual(outcome, { operations: 11, errors: [] });
  assert.deepEqual(saved(), [
    '-A -f 42 -s sh -b sh-port',
    '-A -f 43 -6 -s rr',
    '-A -t 10.8.0.1:80 -s wlc',
    '-A -t 10.8.0.2:443 -s rr -p 50 -M 255.255.255.0',
    '-A -t [fd00:8::1]:80 -s wrr -p 360 -M 64',
    '-a -f 42 -r 10.9.1.3:0 -i -w 7 --tun-type ipip',
    '-a -f 43 -6 -r [fd00:9::3]:0 -g -w 1',
    '-a -t 10.8.0.1:80 -r 10.9.1.1:8080 -m -w 3',
    '-a -t 10.8.0.1:80 -r 10.9.1.2:8080 -m -w 0',
    '-a -t 10.8.0.2:443 -r 10.9.1.1:443 -g -w 1',
    '-a -t [fd00:8::1]:80 -r [fd00:9::1]:80 -m -w 2',
  ]);

  // A second look at what we wrote finds nothing to do: encoder and decoder agree with the kernel.
  const again = keeper();
  const same = await again.apply(
    whole(tcp('10.8.0.1', 80, [destination('10.9.1.1', 8080, 3), destination('10.9.1.2', 8080, 0)])),
  );
  assert.deepEqual(same, { operations: 0, errors: [] });
  await again.stop({ keepKernelState: true });

  await table.stop({ keepKernelState: false });
  assert.deepEqual(saved(), []);
});

test('weights, schedulers and destinations change in place; what others put there stays', async () => {
  ipvsadm('-A', '-t', '10.8.1.1:80', '-s', 'rr');
  ipvsadm('-a', '-t', '10.8.1.1:80', '-r', '10.9.9.9:80', '-m');
  ipvsadm('-A', '-t', '10.8.1.2:80', '-s', 'rr');
  ipvsadm('-a', '-t', '10.8.1.2:80', '-r', '10.9.9.8:80', '-m');
  const table = keeper();
  await table.apply(
    whole(tcp('10.8.0.1', 80, [destination('10.9.1.1', 80, 1)]), tcp('10.8.1.2', 80, [destination('10.9.1.1', 80, 1)])),
  );
  const changed = await table.apply({
    services: [
      tcp('10.8.0.1', 80, [destination('10.9.1.1', 80, 5), destination('10.9.1.2', 80, 1)], { scheduler: 'sed' }),
    ],
    complete: false,
    removed: [],
  });
  assert.deepEqual(changed, { operations: 3, errors: [] });
  assert.deepEqual(saved(), [
    '-A -t 10.8.0.1:80 -s sed',
    '-A -t 10.8.1.1:80 -s rr',
    '-A -t 10.8.1.2:80 -s wlc',
    '-a -t 10.8.0.1:80 -r 10.9.1.1:80 -m -w 5',
    '-a -t 10.8.0.1:80 -r 10.9.1.2:80 -m -w 1',
    '-a -t 10.8.1.1:80 -r 10.9.9.9:80 -m -w 1',
    '-a -t 10.8.1.2:80 -r 10.9.1.1:80 -m -w 1',
    '-a -t 10.8.1.2:80 -r 10.9.9.8:80 -m -w 1',
  ]);
  await table.stop({ keepKernelState: false });
  assert.deepEqual(saved(), [
    '-A -t 10.8.1.1:80 -s rr',
    '-A -t 10.8.1.2:80 -s wlc',
    '-a -t 10.8.1.1:80 -r 10.9.9.9:80 -m -w 1',
    '-a -t 10.8.1.2:80 -r 10.9.9.8:80 -m -w 1',
  ]);
  ipvsadm('-C');
});

test('a table changed behind our back is noticed with the next change and repaired', async () => {
  const table = keeper();
  await table.apply(whole(tcp('10.8.0.1', 80, [destination('10.9.1.1', 80, 1), destination('10.9.1.2', 80, 1)])));
  ipvsadm('-C');
  const repaired = await table.apply(
    whole(tcp('10.8.0.1', 80, [destination('10.9.1.1', 80, 2), destination('10.9.1.2', 80, 1)])),
  );
  assert.deepEqual(repaired.errors, []);
  assert.deepEqual(saved(), [
    '-A -t 10.8.0.1:80 -s wlc',
    '-a -t 10.8.0.1:80 -r 10.9.1.1:80 -m -w 2',
    '-a -t 10.8.0.1:80 -r 10.9.1.2:80 -m -w 1',
  ]);
  await table.stop({ keepKernelState: false });
});

test('a successor with the record removes what its predecessor left', async () => {
  const record: { owned: Ownership } = { owned: new Map() };
  const crashed = keeper(record);
  await crashed.apply(whole(tcp('10.8.0.1', 80, [destination('10.9.1.1', 80, 1)]), tcp('10.8.0.2', 80, [])));
  await crashed.stop({ keepKernelState: true });
  const successor = keeper(record);
  await successor.apply(whole(tcp('10.8.0.2', 80, [])));
  assert.deepEqual(saved(), ['-A -t 10.8.0.2:80 -s wlc']);
  await successor.stop({ keepKernelState: false });
  assert.deepEqual(saved(), []);
});

test('the kernel’s refusal is told with what to do, and the rest is applied', async () => {
  const table = keeper();
  const outcome = await table.apply(
    whole(tcp('10.8.0.1', 80, [destination('10.9.1.1', 80)], { scheduler: 'nosuch' }), tcp('10.8.0.2', 80, [])),
  );
  assert.equal(outcome.operations, 1);
  assert.equal(outcome.errors.length, 1);
  assert.match(outcome.errors[0] ?? '', /^cannot add service tcp 10\.8\.0\.1:80 \(nosuch\): ENOENT; .*ip_vs_nosuch/);
  assert.deepEqual(saved(), ['-A -t 10.8.0.2:80 -s wlc']);
  await table.stop({ keepKernelState: false });
});

test('two thousand destinations are applied and changed', async () => {
  const table = keeper();
  const many = (weight: number) =>
    whole(
      ...Array.from({ length: 20 }, (_, service) =>
        tcp(
          `10.8.2.${service + 1}`,
          80,
          Array.from({ length: 100 }, (_, index) => destination(`10.9.${service}.${index + 1}`, 80, weight)),
        ),
      ),
    );
  const started = performance.now();
  assert.deepEqual(await table.apply(many(1)), { operations: 2020, errors: [] });
  const added = performance.now();
  assert.deepEqual(await table.apply(many(2)), { operations: 2000, errors: [] });
  const changed = performance.now();
  assert.equal(saved().filter((line) => line.endsWith('-w 2')).length, 2000);
  await table.stop({ keepKernelState: false });
  assert.deepEqual(saved(), []);
  console.log(
    `2,020 added in ${Math.round(added - started)} ms, 2,000 weights changed in ${Math.round(changed - added)} ms`,
  );
});
