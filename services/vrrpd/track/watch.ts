import type { VrrpConfig } from '../config/model.js';
import type { TrackerRegistry } from './registry.js';

/** Watches what a configuration tracks and reports what it sees to a registry. */
export interface Watch {
  /** Puts the tracked things of a configuration under watch. What is the same as before goes on undisturbed. */
  configure(config: VrrpConfig): void;
  /** What cannot be watched as it should on this machine, and why. */
  impairments(): readonly string[];
  close(): void;
}

/** Opens a watch that reports to `registry`. */
export type OpenWatch = (registry: TrackerRegistry) => Watch;

/** Watches nothing: for tests and simulations, which report themselves. */
export const openNoWatch: OpenWatch = () => ({ configure() {}, impairments: () => [], close() {} });

/** Reports that nothing can be watched, so that nobody waits for it. */
export const openBlindWatch: OpenWatch = (registry) => ({
  configure({ trackScripts, trackFiles, trackProcesses }) {
    const blind = { condition: 'ignored', detail: 'cannot be watched yet', since: new Date() } as const;
    for (const { name } of trackScripts) registry.report('script', name, blind);
    for (const { name } of trackFiles) registry.report('file', name, blind);
    for (const { name } of trackProcesses) registry.report('process', name, blind);
  },
  impairments: () => [],
  close() {},
});
