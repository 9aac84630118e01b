import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseGroupLine, parsePasswdLine, SystemAccounts } from '../../../../services/shared/script/accounts.js';
import { type Account, type AccountDatabase, resolveIdentity } from '../../../../services/shared/script/identity.js';

const accounts = (users: readonly Account[], groups: Readonly<Record<string, number>> = {}): AccountDatabase => ({
  user: async (name) => users.find((user) => user.name === name || String(user.uid) === name),
  group: async (name) => groups[name],
});
const root: Account = { name: 'root', uid: 0, gid: 0, home: '/root' };
const script: Account = { name: 'keepalived_script', uid: 900, gid: 901, home: '/nonexistent' };
const bob: Account = { name: 'bob', uid: 1000, gid: 1001, home: '/home/bob' };
const self = { uid: 0, gid: 0 };

describe('script identity', () => {
  const credentials = async (spec: object, defaults: object, users: readonly Account[]): Promise<string> => {
    const result = await resolveIdentity(accounts(users, { staff: 50, adm: 4 }), spec, defaults, self);
    return result.ok ? `${result.identity.user}:${result.identity.uid}:${result.identity.gid}` : result.reason;
  };

  it('prefers the script, then script_user, then keepalived_script, then the own user', async () => {
    assert.equal(await credentials({ user: 'bob' }, { user: 'root' }, [root, script, bob]), 'bob:1000:1001');
    assert.equal(await credentials({}, { user: 'bob' }, [root, script, bob]), 'bob:1000:1001');
    assert.equal(await credentials({}, {}, [root, script]), 'keepalived_script:900:901');
    assert.equal(await credentials({}, {}, [root]), 'root:0:0');
    assert.equal(await credentials({}, {}, []), '0:0:0');
  });

  it('takes the configured group, and never the default group for another user', async () => {
    assert.equal(await credentials({ user: 'bob', group: 'staff' }, {}, [bob]), 'bob:1000:50');
    assert.equal(await credentials({}, { user: 'bob', group: 'adm' }, [bob]), 'bob:1000:4');
    assert.equal(await credentials({ user: 'root' }, { user: 'bob', group: 'adm' }, [root, bob]), 'root:0:0');
  });

  it('says which user or group is missing', async () => {
    assert.match(await credentials({ user: 'eve' }, {}, [root]), /user eve does not exist/);
    assert.match(await credentials({ user: 'root', group: 'nope' }, {}, [root]), /group nope does not exist/);
  });

  it('does not take another user when the wanted one cannot be looked up', async () => {
    const broken: AccountDatabase = {
      user: () => Promise.reject(new Error('getent passwd: spawn getent EAGAIN')),
      group: async () => undefined,
    };
    for (const spec of [{}, { user: 'bob' }]) {
      const answer = await resolveIdentity(broken, spec, {}, self);
      assert.ok(!answer.ok && answer.passing === true, JSON.stringify(answer));
      assert.match(answer.reason, /cannot be looked up: getent passwd: spawn getent EAGAIN/);
    }
  });

  it('reads passwd and group lines, and the machine', async () => {
    assert.deepEqual(parsePasswdLine('bob:x:1000:1001:Bob:/home/bob:/bin/sh'), bob);
    assert.equal(parsePasswdLine('bob:x:abc:1:::'), undefined);
    assert.deepEqual(parseGroupLine('adm:x:4:syslog'), { name: 'adm', gid: 4 });
    const system = new SystemAccounts();
    assert.equal((await system.user('root'))?.uid, 0);
    assert.equal((await system.user('0'))?.name, 'root');
    assert.equal(await system.user('no-such-user-here'), undefined);
    assert.equal(await system.group('root'), 0);
  });
});
