import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findInsecurity, type PathFact } from '../../../../services/shared/script/security.js';

const root: PathFact = { path: '/', kind: 'directory', uid: 0, gid: 0, mode: 0o755, owner: 'root', group: 'root' };
const script: PathFact = { ...root, path: '/etc/notify.sh', kind: 'file' };

describe('script security', () => {
  it('accepts a path that only root can change', () => {
    assert.equal(findInsecurity([root, { ...root, path: '/etc' }, script]), undefined);
  });

  it('names the component, its owner, its mode and the repair', () => {
    const home = { ...root, path: '/home/bob', uid: 1000, gid: 1000, mode: 0o750, owner: 'bob', group: 'bob' };
    const found = findInsecurity([root, home, script]);
    assert.equal(found?.problem, 'owner');
    assert.equal(
      found?.message,
      '/home/bob (directory, owner bob, group bob, mode 0750): it belongs to a user other than root; chown root /home/bob',
    );
  });

  const cases: readonly (readonly [string, Partial<PathFact>, string | undefined])[] = [
    ['writable by everybody', { mode: 0o757 }, 'world-writable'],
    ['writable by a group of others', { mode: 0o775, gid: 50 }, 'group-writable'],
    ['writable by the group root', { mode: 0o775 }, undefined],
    ['a sticky directory for everybody', { kind: 'directory', mode: 0o1777 }, undefined],
    ['a sticky file helps nobody', { kind: 'file', mode: 0o1777 }, 'world-writable'],
    ['a link of root has no mode of its own', { kind: 'symlink', mode: 0o777 }, undefined],
    ['a link of another user', { kind: 'symlink', mode: 0o777, uid: 7 }, 'owner'],
    ['not writable at all', { mode: 0o555, gid: 50 }, undefined],
  ];
  for (const [name, change, problem] of cases) {
    it(name, () =>
      assert.equal(findInsecurity([root, { ...root, path: '/x y', ...change }, script])?.problem, problem),
    );
  }

  it('reports the first component, for that one opens the rest, and quotes it for the shell', () => {
    const message = findInsecurity([root, { ...root, path: "/it's", mode: 0o777 }, { ...script, uid: 5 }])?.message;
    assert.match(message ?? '', /chmod o-w '\/it'\\''s'$/);
  });
});
