/** When and how the kinds of checkers check, beyond their timing. Pure. */
import type { CheckerRules } from './checker.js';
import type { CheckerConfig } from './config/checkerModel.js';

/** The rules of a checker. As measured on keepalived 2.2.7; see `checker.ts`. */
export function rulesOf(config: CheckerConfig): CheckerRules {
  switch (config.kind) {
    case 'tcp':
      return { ...config.timing, retries: 'checked' };
    case 'smtp':
      return { ...config.timing, retries: 'always' };
    case 'http':
      return { ...config.timing, retries: 'up', urls: config.urls.length, fastRecovery: config.fastRecovery };
    case 'file':
    case 'bfd':
      return { ...config.timing, standing: true };
    case 'dns':
    case 'udp':
    case 'ping':
    case 'misc':
      return { ...config.timing, retries: 'up' };
  }
}
