import type { IpvsServiceKey } from '../shared/rpc/generated/keepwatch/v1/ipvs.js';

/** A key as text, for maps. Pure. */
export const ipvsKeyText = (key: IpvsServiceKey | undefined): string =>
  key === undefined ? '' : `${key.family}/${key.fwmark}/${key.protocol}/${key.address}/${key.port}`;
