/**
 * Compose files as podman's arguments. What they say is what runs: a key this does not know is an error, so that no line of a
 * file goes untested.
 */
import { readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { run } from '../../topology/lib/command.js';

type Environment = Readonly<Record<string, string>>;

interface RawService {
  readonly [key: string]: unknown;
}

interface RawFile {
  readonly name: string;
  readonly services: Readonly<Record<string, RawService>>;
  readonly volumes: Readonly<Record<string, { readonly driver_opts?: Readonly<Record<string, string>> } | null>>;
}

/** One service of a file. */
export interface ComposeService {
  readonly name: string;
  readonly image: string;
  /** What builds the image: the folder, the Containerfile below it and one of its stages. */
  readonly build: { readonly context: string; readonly dockerfile: string; readonly target: string };
  /** `host`, or the service whose network it shares; undefined: it has one of its own. */
  readonly network: string | undefined;
  readonly address: string | undefined;
  /** Arguments for `podman run`, the network and the name left out; the image and what follows it last. */
  readonly args: readonly string[];
}

/** A compose file. */
export interface ComposeFile {
  readonly services: readonly ComposeService[];
  /** Arguments for `podman volume create`. */
  readonly volumes: readonly (readonly string[])[];
}

/** Reads a file with the given variables. Throws at what podman would not be told. */
export async function readCompose(file: string, variables: Environment): Promise<ComposeFile> {
  const raw = await load(file, variables);
  const volume = (name: string): string => `${raw.name}_${name}`;
  const services: ComposeService[] = [];
  for (const [name, service] of Object.entries(raw.services))
    services.push(translate(name, await extended(file, service, variables), dirname(file), volume));
  const volumes = Object.entries(raw.volumes).map(([name, value]) => {
    const options = Object.entries(value?.driver_opts ?? {}).flatMap(([key, text]) => ['--opt', `${key}=${text}`]);
    return [...options, volume(name)];
  });
  return { services, volumes };
}

const TO_JSON = 'import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.argv[1])))';

async function load(file: string, variables: Environment): Promise<RawFile> {
  // ${NAME:-default}: the default also for a variable that is empty.
  const text = readFileSync(file, 'utf8').replace(
    /\$\{(\w+):-([^}]*)\}/g,
    (_whole, name: string, fallback: string) => variables[name] || fallback,
  );
  return JSON.parse(await run(['python3', '-c', TO_JSON, text])) as RawFile;
}

/** A service with what it extends below it: mappings are merged, all else replaces. */
async function extended(file: string, service: RawService, variables: Environment): Promise<RawService> {
  const { extends: from, ...own } = service as RawService & {
    readonly extends?: { readonly file: string; readonly service: string };
  };
  if (from === undefined) return own;
  const other = resolve(dirname(file), from.file);
  const below = (await load(other, variables)).services[from.service];
  if (below === undefined) throw new Error(`${other} has no service ${from.service}`);
  return {
    ...below,
    ...own,
    environment: { ...(below.environment as object), ...(own.environment as object | undefined) },
  };
}

function translate(
  name: string,
  service: RawService,
  folder: string,
  volume: (name: string) => string,
): ComposeService {
  const args: string[] = [];
  const tail: string[] = [];
  let network: string | undefined;
  let address: string | undefined;
  let image = '';
  let build = { context: '', dockerfile: '', target: '' };
  for (const [key, value] of Object.entries(service)) {
    const list = (Array.isArray(value) ? value : []) as readonly string[];
    switch (key) {
      case 'image':
        image = String(value);
        break;
      case 'build': {
        const { context, dockerfile, target } = value as ComposeService['build'];
        build = { context: relative('.', resolve(folder, context)) || '.', dockerfile, target };
        break;
      }
      case 'network_mode':
        network = String(value).replace(/^service:/, '');
        break;
      case 'networks':
        address = Object.values(value as Readonly<Record<string, { readonly ipv4_address: string }>>)[0]?.ipv4_address;
        break;
      case 'restart':
        args.push('--restart', String(value));
        break;
      case 'read_only':
        // podman would put a writable file system over /run and /tmp, which compose does not say.
        if (value === true) args.push('--read-only', '--read-only-tmpfs=false');
        break;
      case 'init':
        if (value === true) args.push('--init');
        break;
      case 'stop_grace_period':
        args.push('--stop-timeout', String(Number.parseInt(String(value), 10)));
        break;
      case 'cap_drop':
        for (const capability of list) args.push('--cap-drop', capability);
        break;
      case 'cap_add':
        for (const capability of list) args.push('--cap-add', capability);
        break;
      case 'security_opt':
        for (const option of list) args.push('--security-opt', option);
        break;
      case 'tmpfs':
        for (const path of list) args.push('--tmpfs', path);
        break;
      case 'environment':
        for (const [variable, text] of Object.entries(value as Readonly<Record<string, string | null>>)) {
          // YAML reads the empty text that a variable without a default leaves as nothing.
          args.push('--env', `${variable}=${text ?? ''}`);
        }
        break;
      case 'volumes':
        for (const entry of list) {
          const [source = '', ...rest] = entry.split(':');
          const real = source.startsWith('.') ? resolve(folder, source) : volume(source);
          args.push('--volume', [real, ...rest].join(':'));
        }
        break;
      case 'entrypoint':
        args.push('--entrypoint', list[0] ?? '');
        tail.push(...list.slice(1));
        break;
      default:
        throw new Error(`${name}: ${key} is not known here`);
    }
  }
  return { name, image, build, network, address, args: [...args, image, ...tail] };
}
