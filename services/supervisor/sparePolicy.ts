/** Whether vrrpd has a spare: `auto` where its instances cannot wait for a restart. Loads fast: the flags need it. */
export const SPARE_POLICIES = ['auto', 'always', 'never'] as const;
export type SparePolicy = (typeof SPARE_POLICIES)[number];
