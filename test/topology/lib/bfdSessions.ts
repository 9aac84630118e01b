/** BFD sessions of a Keepwatch router: how tests write, find and await them. */
import assert from 'node:assert/strict';
import type { BfdSession } from '../../../services/shared/rpc/generated/keepwatch/v1/bfd.js';
import { block } from './config.js';
import type { Control } from './control.js';
import { eventually } from './eventually.js';

/** BFD_STATE_UP. */
export const UP = 4;
export const PATIENT = { within: 15_000 };

/** `bfd_instance` with intervals that a busy machine keeps. */
export const session = (name: string, neighbor: string, lines: readonly string[] = []): string =>
  block(`bfd_instance ${name}`, [`neighbor_ip ${neighbor}`, 'min_rx 300', 'min_tx 300', 'multiplier 5', ...lines]);

/** A session by the name of its `bfd_instance`. */
export async function sessionOf(control: Control, name: string): Promise<BfdSession> {
  const found = (await control.status()).bfd?.sessions.find((one) => one.name === name);
  if (found === undefined) throw new Error(`bfdd has no session ${name}`);
  return found;
}

export const isUp = (control: Control, name: string): Promise<BfdSession> =>
  eventually(
    `${name} is Up`,
    async () => {
      const found = await sessionOf(control, name);
      if (found.state !== UP) throw new Error(found.detail);
      return found;
    },
    PATIENT,
  );

export const isLost = (control: Control, name: string, why: RegExp): Promise<BfdSession> =>
  eventually(
    `${name} is lost: ${why}`,
    async () => {
      const found = await sessionOf(control, name);
      if (found.state === UP) throw new Error('it is Up');
      assert.match(found.detail, why);
      return found;
    },
    PATIENT,
  );
