/** The messages of AgentX (RFC 2741, 6.2) that a sub-agent sends and gets. Pure. */
import type { Oid } from './oid.js';
import type { Varbind } from './value.js';

/** h.type of each message. */
export const PDU_TYPES = {
  open: 1,
  close: 2,
  register: 3,
  unregister: 4,
  get: 5,
  getNext: 6,
  getBulk: 7,
  testSet: 8,
  commitSet: 9,
  undoSet: 10,
  cleanupSet: 11,
  notify: 12,
  ping: 13,
  response: 18,
} as const;

/** res.error values that are told, and understood. */
export const ERRORS = {
  noError: 0,
  genErr: 5,
  noAccess: 6,
  wrongType: 7,
  wrongLength: 8,
  wrongValue: 10,
  noCreation: 11,
  inconsistentValue: 12,
  resourceUnavailable: 13,
  commitFailed: 14,
  undoFailed: 15,
  notWritable: 17,
} as const;

export type ErrorName = keyof typeof ERRORS;

/** What the numbers of errors of the AgentX protocol itself mean (RFC 2741, 6.2.16). */
export const PROTOCOL_ERRORS: ReadonlyMap<number, string> = new Map([
  [256, 'openFailed'],
  [257, 'notOpen'],
  [258, 'indexWrongType'],
  [259, 'indexAlreadyAllocated'],
  [260, 'indexNoneAvailable'],
  [261, 'indexNotAllocated'],
  [262, 'unsupportedContext'],
  [263, 'duplicateRegistration'],
  [264, 'unknownRegistration'],
  [265, 'unknownAgentCaps'],
  [266, 'parseError'],
  [267, 'requestDenied'],
  [268, 'processingError'],
]);

/** The ids of a message. */
export interface PduIds {
  readonly session: number;
  readonly transaction: number;
  readonly packet: number;
}

/** From `start` (which counts itself if `include`) up to, not with, `end`; no `end`: without limit. */
export interface SearchRange {
  readonly start: Oid;
  readonly include: boolean;
  readonly end: Oid | undefined;
}

/** What a sub-agent sends. */
export type SentPdu = PduIds &
  (
    | { readonly kind: 'open'; readonly timeoutSeconds: number; readonly description: string }
    | { readonly kind: 'close' }
    | { readonly kind: 'register'; readonly subtree: Oid; readonly timeoutSeconds: number; readonly priority: number }
    | { readonly kind: 'unregister'; readonly subtree: Oid; readonly priority: number }
    | { readonly kind: 'notify'; readonly varbinds: readonly Varbind[] }
    | { readonly kind: 'ping' }
    | {
        readonly kind: 'response';
        readonly error: ErrorName;
        /** Of the binding that is wrong, from 1. */
        readonly index: number;
        readonly varbinds: readonly Varbind[];
      }
  );

/** What a master sends. */
export type ReceivedPdu = PduIds &
  (
    | { readonly kind: 'get' | 'getNext'; readonly ranges: readonly SearchRange[] }
    | {
        readonly kind: 'getBulk';
        readonly nonRepeaters: number;
        readonly maxRepetitions: number;
        readonly ranges: readonly SearchRange[];
      }
    | { readonly kind: 'testSet'; readonly varbinds: readonly Varbind[] }
    | { readonly kind: 'commitSet' | 'undoSet' | 'cleanupSet' }
    | { readonly kind: 'close'; readonly reason: number }
    | { readonly kind: 'response'; readonly upTimeTicks: number; readonly error: number; readonly index: number }
  );

/** Bytes of the header of every message. */
export const HEADER_BYTES = 20;
/** h.flags: numbers are in network byte order. */
export const NETWORK_BYTE_ORDER = 0x10;
/** h.flags: the name of a context precedes the rest. */
export const NON_DEFAULT_CONTEXT = 0x08;
