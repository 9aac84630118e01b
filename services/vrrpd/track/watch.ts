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
