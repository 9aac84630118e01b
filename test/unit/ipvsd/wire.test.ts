import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TUNNEL_CHECKSUM, TUNNEL_TYPE } from '../../../services/ipvsd/table.js';
import { InvalidTable, serviceFromWire, statisticsToWire } from '../../../services/ipvsd/wire.js';
import {
  IpvsForwarding,
  IpvsProtocol,
  IpvsTunnelChecksum,
  IpvsTunnelType,
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
      tunnel: undefined,
    },
  ],
  marked: [],
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
    [{ destinations: [{ ...server, tunnel: { type: 9, port: 0, checksum: 0 } as never }] }, /tunnel type 9/],
    [{ destinations: [{ ...server, tunnel: { type: 1, port: 65536, checksum: 0 } }] }, /tunnel port: 65536/],
  ];
  for (const [change, message] of bad) {
    assert.throws(
      () => serviceFromWire({ ...wire, ...change }),
      (error) => error instanceof InvalidTable && message.test(error.message),
      String(message),
    );
  }
});

test('a tunnel keeps its kind, port and checksum', () => {
  const [server] = wire.destinations;
  assert.ok(server);
  const tunnel = {
    type: IpvsTunnelType.IPVS_TUNNEL_TYPE_GUE,
    port: 6080,
    checksum: IpvsTunnelChecksum.IPVS_TUNNEL_CHECKSUM_REMOTE,
  };
  const read = serviceFromWire({ ...wire, destinations: [{ ...server, tunnel }] });
  assert.deepEqual(read.destinations[0]?.tunnel, {
    type: TUNNEL_TYPE.gue,
    port: 6080,
    checksum: TUNNEL_CHECKSUM.remote,
  });
});

test('statistics name services and destinations as they were asked for', () => {
  const counters = { connections: 7n, inPackets: 2n ** 40n, outPackets: 0n, inBytes: 1n, outBytes: 3n };
  const own = { ...counters, activeConnections: 4, inactiveConnections: 5, persistentConnections: 6 };
  const written = statisticsToWire({
    key: service('10.8.0.1').key,
    counters,
    destinations: [{ destination: destination('10.9.1.1', 3), counters: own }],
  });
  assert.deepEqual(written, {
    key: wire.key,
    counters,
    destinations: [
      {
        address: '10.9.1.1',
        port: 80,
        weight: 3,
        activeConnections: 4,
        inactiveConnections: 5,
        persistentConnections: 6,
        counters,
      },
    ],
  });
});
