import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidTable, serviceFromWire } from '../../../services/ipvsd/wire.js';
import {
  IpvsForwarding,
  IpvsProtocol,
  type IpvsVirtualService,
} from '../../../services/shared/rpc/generated/keepwatch/v1/ipvs.js';
import { destination, service } from './support.js';

const wire: IpvsVirtualService = {
  key: { family: 4, fwmark: 0, protocol: IpvsProtocol.IPVS_PROTOCOL_TCP, address: '10.8.0.1', port: 80 },
  scheduler: 'wlc',
  flags: 0,
  persistenceTimeoutS: 0,
  persistencePrefixLength: 32,
  persistenceEngine: '',
  destinations: [
    {
      family: 4,
      address: '10.9.1.1',
      port: 80,
      weight: 1,
      forwarding: IpvsForwarding.IPVS_FORWARDING_MASQ,
      upperThreshold: 0,
      lowerThreshold: 0,
    },
  ],
};

test('a service is read as it is meant', () => {
  assert.deepEqual(serviceFromWire(wire), service('10.8.0.1', [destination('10.9.1.1')]));
});

test('what no table can hold is refused in words', () => {
  const key = wire.key ?? assert.fail();
  const [server] = wire.destinations;
  assert.ok(server);
  const bad: [Partial<IpvsVirtualService>, RegExp][] = [
    [{ key: undefined }, /no key/],
    [{ key: { ...key, family: 5 } }, /family 5/],
    [{ key: { ...key, family: 6 } }, /not of family 6/],
    [{ key: { ...key, address: '10.8.0.256' } }, /'10\.8\.0\.256' is not an IP address/],
    [{ key: { ...key, port: 65536 } }, /65536/],
    [{ key: { ...key, protocol: IpvsProtocol.UNRECOGNIZED } }, /protocol/],
    [{ scheduler: '' }, /scheduler/],
    [{ scheduler: 'a-very-long-name' }, /at most 15/],
    [{ persistencePrefixLength: 33 }, /33/],
    [{ destinations: [{ ...server, forwarding: IpvsForwarding.IPVS_FORWARDING_UNSPECIFIED }] }, /forwarding/],
    [{ destinations: [{ ...server, weight: 2 ** 31 }] }, /weight/],
  ];
  for (const [change, message] of bad) {
    assert.throws(
      () => serviceFromWire({ ...wire, ...change }),
      (error) => error instanceof InvalidTable && message.test(error.message),
      String(message),
    );
  }
});
