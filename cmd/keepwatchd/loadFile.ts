/** Reads the configuration from its file, with the facts of this machine. */
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { type LoadedConfig, loadConfig } from '../../services/shared/config/load.js';
import { nodeFileAccess } from '../../services/shared/config/nodeFileAccess.js';
import { DEFAULT_CONFIG_FILES } from './flags.js';

export interface ConfigPlace {
  /** -f; undefined: the first default that exists. */
  readonly configFile: string | undefined;
  readonly configId: string | undefined;
  /** What can be left out is a warning instead of an error. */
  readonly lenient: boolean;
  /** -e: whatever an include names has to be there. */
  readonly allIncluded?: boolean;
}

/** The file that is read. */
export const configFileOf = ({ configFile }: ConfigPlace): string =>
  configFile ?? DEFAULT_CONFIG_FILES.find((file) => existsSync(file)) ?? DEFAULT_CONFIG_FILES[0];

/** Loads the configuration. Never throws. */
export const loadFile = (place: ConfigPlace): LoadedConfig =>
  loadConfig({
    file: configFileOf(place),
    access: nodeFileAccess,
    configId: place.configId ?? hostname().split('.')[0] ?? '',
    environment: (name) => process.env[name],
    randomSeed: Date.now() % 0x7fffffff,
    lenient: place.lenient,
    allIncluded: place.allIncluded ?? false,
  });
