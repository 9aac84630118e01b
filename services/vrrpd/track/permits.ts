/**
 * What a watcher may be asked for. vrrpd reads packets from the network and has no right to start programs as anybody; the
 * watcher has. So the watcher believes the configuration that the supervisor writes down, not vrrpd. Pure.
 */
import type { TrackFileConfig, TrackScriptConfig, VrrpConfig } from '../config/model.js';
import type { WatchRequest } from './wire.js';

type Rules = Pick<WatchRequest, 'user' | 'group' | 'security'>;

/** Everything that watchers may do for any of these configurations, as words that {@link permitted} compares. */
export const permitsOf = (configs: readonly VrrpConfig[]): string[] => [
  ...new Set(
    configs.flatMap(({ trackScripts, trackFiles, global }) => [
      ...trackScripts.map((script) => scriptPermit(script, global.scriptRules)),
      ...trackFiles.map(filePermit),
    ]),
  ),
];

/** The part of a request that is permitted, and in words what is not. */
export function permitted(
  request: WatchRequest,
  permits: ReadonlySet<string>,
): { readonly request: WatchRequest; readonly refused: readonly string[] } {
  const scripts = request.scripts.filter((script) => permits.has(scriptPermit(script, request)));
  const files = request.files.filter((file) => permits.has(filePermit(file)));
  const refused = [
    ...request.scripts.filter((script) => !scripts.includes(script)).map(({ name }) => `vrrp_script ${name}`),
    ...request.files.filter((file) => !files.includes(file)).map(({ name }) => `track_file ${name}`),
  ];
  return { request: { ...request, scripts, files }, refused };
}

const scriptPermit = ({ command: { argv, user, group } }: TrackScriptConfig, rules: Rules): string =>
  JSON.stringify([
    'script',
    argv,
    user ?? null,
    group ?? null,
    rules.user ?? null,
    rules.group ?? null,
    rules.security,
  ]);

const filePermit = ({ path, init }: TrackFileConfig): string =>
  JSON.stringify(['file', path, init?.value ?? null, init?.overwrite ?? null]);
