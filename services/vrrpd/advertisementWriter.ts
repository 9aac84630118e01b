import type { SendOptions } from '../shared/kernel/ports.js';
import type { Clock } from '../shared/time/clock.js';
import type { HmacConfig, InstanceConfig } from './config/model.js';
import { keyedHash, paddedPassword } from './keyedHash.js';
import { AUTH_DATA_LENGTH, AUTH_TYPE } from './packet/advertisement.js';
import { type KeyedHash, sealAdvertisement } from './packet/authenticationHeader.js';
import { type ChecksumV3, encodeAdvertisementV2, encodeAdvertisementV3, withTrailer } from './packet/encode.js';
import { hmacTrailer, TrailerSequence } from './packet/hmacTrailer.js';

/** One message, ready for a socket. */
export interface OutgoingMessage {
  readonly payload: Buffer;
  readonly destination: Buffer;
  readonly options: SendOptions;
}

/** What received advertisements mean for those to send. */
export interface HeardNotes {
  readonly oldChecksum: boolean;
  /** Sequence number of an Authentication Header. */
  readonly sequence?: number;
}

interface Written {
  readonly priority: number;
  readonly source: Uint8Array;
  readonly messages: readonly OutgoingMessage[];
}

const WIRE_TYPES = { none: AUTH_TYPE.none, pass: AUTH_TYPE.pass, ah: AUTH_TYPE.ah } as const;
const NO_OPTIONS: SendOptions = {};
const MULTICAST_TTL = 255;

/** Writes the advertisements of one instance: to its multicast group, or one for each of its peers. */
export class AdvertisementWriter {
  readonly #clock: Clock;
  #config: InstanceConfig;
  #destinations: readonly Buffer[];
  #options: SendOptions;
  #sealWith: KeyedHash | undefined;
  #signWith: { readonly id: number; readonly hash: KeyedHash } | undefined;
  /** The messages as last sent: they rarely change. Not those with a sequence number. */
  #written: Written | undefined;
  /** A peer sends the checksum of keepalived until 1.3.6, so it expects it too. */
  #oldChecksum = false;
  /**
   * Sequence number of the last Authentication Header, ours or heard. keepalived counts one sequence for all routers of a
   * VRID, so ours goes on where the other's ended; it begins with the time, so that it grows over restarts.
   */
  #sequence: number;
  readonly #trailerSequence = new TrailerSequence();

  constructor(config: InstanceConfig, clock: Clock) {
    this.#clock = clock;
    this.#config = config;
    this.#sequence = Math.floor(clock.wall().getTime() / 1000) >>> 0;
    this.#destinations = [];
    this.#options = NO_OPTIONS;
    this.reconfigure(config);
  }

  /** Takes over another configuration of the same instance; sequence numbers go on. */
  reconfigure(config: InstanceConfig): void {
    const { unicast, auth, multicastGroup, hmac } = config;
    this.#config = config;
    this.#destinations =
      unicast === undefined
        ? [Buffer.from(multicastGroup.bytes)]
        : unicast.peers.map(({ address }) => Buffer.from(address.bytes));
    this.#options = unicast === undefined ? NO_OPTIONS : { ttl: unicast.ttl };
    this.#sealWith = auth.type === 'ah' ? keyedHash('md5', paddedPassword(auth.password)) : undefined;
    this.#signWith = hmac === undefined || hmac.mode === 'receive-only' ? undefined : activeKey(hmac);
    if (unicast?.oldChecksum !== 'auto') this.#oldChecksum = unicast?.oldChecksum === 'always';
    this.#written = undefined;
  }

  noteHeard({ oldChecksum, sequence }: HeardNotes): void {
    if (sequence !== undefined && ((sequence - this.#sequence) | 0) > 0) this.#sequence = sequence;
    if (!oldChecksum || this.#oldChecksum || this.#config.unicast?.oldChecksum !== 'auto') return;
    this.#oldChecksum = true;
    this.#written = undefined;
  }

  /** One message for each destination. `priority` may be 0; `addresses`: the virtual ones, one after the other. */
  write(priority: number, source: Uint8Array, addresses: Uint8Array): readonly OutgoingMessage[] {
    const before = this.#written;
    if (before?.priority === priority && before.source === source) return before.messages;
    const messages =
      this.#sealWith === undefined
        ? this.#plain(priority, source, addresses)
        : this.#sealed(priority, source, addresses);
    const lasting = this.#sealWith === undefined && this.#signWith === undefined;
    this.#written = lasting ? { priority, source, messages } : undefined;
    return messages;
  }

  #plain(priority: number, source: Uint8Array, addresses: Uint8Array): OutgoingMessage[] {
    const { family, version, vrid } = this.#config;
    const sequence = this.#signWith === undefined ? 0n : this.#nextTrailerSequence();
    let trailer: Uint8Array | undefined;
    return this.#destinations.map((destination) => {
      const message = this.#encode(priority, source, destination, addresses);
      if (this.#signWith === undefined) return this.#outgoing(message, destination);
      trailer ??= hmacTrailer(message, { family, version, vrid, source }, this.#signWith, sequence);
      return this.#outgoing(
        withTrailer(message, trailer, family === 6 ? { source, destination } : undefined),
        destination,
      );
    });
  }

  /** Inside Authentication Headers: one sequence number for all peers, each of whom sees it grow. */
  #sealed(priority: number, source: Uint8Array, addresses: Uint8Array): OutgoingMessage[] {
    const hash = this.#sealWith;
    if (hash === undefined) return [];
    this.#sequence = (this.#sequence + 1) >>> 0;
    const sequence = this.#sequence;
    // Never 0, which would ask the kernel for one.
    const identification = (sequence % 0xffff) + 1;
    const unicast = this.#config.unicast !== undefined;
    return this.#destinations.map((destination) => {
      const message = this.#encode(priority, source, destination, addresses);
      const ttl = unicast ? 0 : MULTICAST_TTL;
      const sealed = sealAdvertisement(message, { hash, source, destination, identification, ttl, sequence });
      return this.#outgoing(sealed, destination, { ...this.#options, identification });
    });
  }

  #outgoing(bytes: Uint8Array, destination: Buffer, options = this.#options): OutgoingMessage {
    // A copy in the pool of small Buffers: memory of its own costs more than the message, and there are thousands.
    return { payload: Buffer.from(bytes), destination, options };
  }

  #encode(priority: number, source: Uint8Array, destination: Uint8Array, addresses: Uint8Array): Uint8Array {
    const { version, family, vrid, advertInterval, auth } = this.#config;
    const common = { vrid, priority, interval: advertInterval, addresses };
    if (version === 3) {
      return encodeAdvertisementV3({ version, ...common }, family, this.#checksum(source, destination));
    }
    const authData = auth.type === 'pass' ? paddedPassword(auth.password) : new Uint8Array(AUTH_DATA_LENGTH);
    return encodeAdvertisementV2({ version, ...common, authType: WIRE_TYPES[auth.type], authData });
  }

  #checksum(source: Uint8Array, destination: Uint8Array): ChecksumV3 {
    const { family, checksumV3, multicastGroup } = this.#config;
    if (family === 4 && checksumV3 === 'message') return { over: 'message' };
    const summed = family === 4 && this.#oldChecksum ? multicastGroup.bytes : destination;
    return { over: 'pseudo-header', source, destination: summed };
  }

  #nextTrailerSequence(): bigint {
    return this.#trailerSequence.next(this.#clock.wall().getTime() / 1000, this.#config.hmac?.windowSeconds);
  }
}

function activeKey(hmac: HmacConfig): { readonly id: number; readonly hash: KeyedHash } | undefined {
  const key = hmac.keys.find(({ id }) => id === hmac.activeKey);
  if (key === undefined || !('bytes' in key.secret)) return undefined;
  return { id: key.id, hash: keyedHash('sha256', key.secret.bytes) };
}
