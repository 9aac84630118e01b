/** What an instance asks of a received advertisement before it believes it: password, check value, signature, sender. */
import { formatIpBytes } from '../shared/net/address.js';
import type { Clock } from '../shared/time/clock.js';
import { micros } from '../shared/time/duration.js';
import type { InstanceConfig, UnicastConfig } from './config/model.js';
import { keyedHash, paddedPassword } from './keyedHash.js';
import type { ExpectedTrailer } from './packet/hmacTrailer.js';
import type { ExpectedAuth, ExpectedPeers } from './packet/receive.js';
import { ReplayGuard } from './packet/replayGuard.js';

/** The parts of an expectation that are made of secrets and peers. */
export interface ExpectedProofs {
  readonly auth: ExpectedAuth;
  readonly trailer: ExpectedTrailer | undefined;
  readonly peers: ExpectedPeers | undefined;
}

/** Made once per configuration; what `before` remembers of sequence numbers is kept, or a reload would let old packets in. */
export function expectedProofs(config: InstanceConfig, clock: Clock, before?: ExpectedProofs): ExpectedProofs {
  return {
    auth: expectedAuth(config, before?.auth),
    trailer: expectedTrailer(config, clock, before?.trailer),
    peers: config.unicast === undefined ? undefined : expectedPeers(config.unicast, config.multicastGroup.bytes),
  };
}

function expectedAuth({ auth, advertInterval }: InstanceConfig, before: ExpectedAuth | undefined): ExpectedAuth {
  switch (auth.type) {
    case 'none':
      return auth;
    case 'pass':
      return { type: 'pass', data: paddedPassword(auth.password) };
    case 'ah': {
      // keepalived counts from 1 again after a restart, before which it is silent for longer than this.
      const forgetAfter = micros(3 * advertInterval);
      const guard = before?.type === 'ah' ? before.guard : new ReplayGuard({ bits: 32, forgetAfter });
      return { type: 'ah', hash: keyedHash('md5', paddedPassword(auth.password)), guard };
    }
  }
}

function expectedTrailer(
  { hmac }: InstanceConfig,
  clock: Clock,
  before: ExpectedTrailer | undefined,
): ExpectedTrailer | undefined {
  if (hmac === undefined) return undefined;
  return {
    keys: new Map(
      hmac.keys.flatMap(({ id, secret }) => ('bytes' in secret ? [[id, keyedHash('sha256', secret.bytes)]] : [])),
    ),
    required: hmac.mode === 'enforce',
    ...(hmac.windowSeconds === undefined ? {} : { windowSeconds: hmac.windowSeconds }),
    wallSeconds: () => clock.wall().getTime() / 1000,
    guard: before?.guard ?? new ReplayGuard({ bits: 64 }),
  };
}

function expectedPeers({ peers, onlyPeers, oldChecksum }: UnicastConfig, group: Uint8Array): ExpectedPeers {
  const ranges = new Map(
    peers.map(({ address, minTtl, maxTtl }) => [formatIpBytes(address.bytes), { minTtl, maxTtl }]),
  );
  return {
    only: onlyPeers,
    range: (source) => ranges.get(formatIpBytes(source)),
    oldChecksumGroup: oldChecksum === 'never' ? undefined : group,
  };
}
