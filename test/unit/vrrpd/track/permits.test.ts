import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seconds } from '../../../../services/shared/time/duration.js';
import type { TrackFileConfig, TrackScriptConfig } from '../../../../services/vrrpd/config/model.js';
import { permitsOf, permitted } from '../../../../services/vrrpd/track/permits.js';
import type { WatchRequest } from '../../../../services/vrrpd/track/wire.js';
import { config, position } from '../support.js';

const script = (argv: readonly string[], user?: string): TrackScriptConfig => ({
  name: 'chk',
  command: { argv, position, ...(user === undefined ? {} : { user }) },
  interval: seconds(1),
  timeout: seconds(1),
  rise: 1,
  fall: 1,
  initFail: false,
});
const file: TrackFileConfig = { name: 'f', path: '/run/f', position };
const request = (changes: Partial<WatchRequest>): WatchRequest => ({
  scripts: [],
  files: [],
  processes: [],
  security: true,
  ...changes,
});
const model = { ...config([]), trackScripts: [script(['/bin/chk', 'a'])], trackFiles: [file] };
const rules = { ...model.global.scriptRules };
const permits = new Set(permitsOf([model]));
const refused = (changes: Partial<WatchRequest>) => permitted(request({ ...rules, ...changes }), permits).refused;

describe('what a watcher may be asked for', () => {
  it('is what the configuration says, whatever the pace', () => {
    const asked = request({
      ...rules,
      scripts: [{ ...script(['/bin/chk', 'a']), name: 'other', interval: seconds(9) }],
      files: [file],
    });
    assert.deepEqual(permitted(asked, permits), { request: asked, refused: [] });
  });

  it('is no other program, argument, user or default of these', () => {
    const all = ['vrrp_script chk'];
    assert.deepEqual(refused({ scripts: [script(['/bin/sh', 'a'])] }), all);
    assert.deepEqual(refused({ scripts: [script(['/bin/chk', 'a', 'b'])] }), all);
    assert.deepEqual(refused({ scripts: [script(['/bin/chk a'])] }), all);
    assert.deepEqual(refused({ scripts: [script(['/bin/chk', 'a'], 'root')] }), all);
    assert.deepEqual(refused({ user: 'root', scripts: [script(['/bin/chk', 'a'])] }), all);
    assert.deepEqual(refused({ security: !rules.security, scripts: [script(['/bin/chk', 'a'])] }), all);
  });

  it('is no other file, and nothing else is written', () => {
    assert.deepEqual(refused({ files: [{ ...file, path: '/etc/passwd' }] }), ['track_file f']);
    assert.deepEqual(refused({ files: [{ ...file, init: { value: 0, overwrite: true } }] }), ['track_file f']);
  });

  it('leaves what is permitted beside what is not', () => {
    const { request: left } = permitted(
      request({ ...rules, scripts: [script(['/bin/x']), script(['/bin/chk', 'a'])], files: [file] }),
      permits,
    );
    assert.deepEqual([left.scripts, left.files], [[script(['/bin/chk', 'a'])], [file]]);
  });
});
