import assert from 'node:assert/strict';
import { it } from 'node:test';
import { promptPaths, promptPathsOf } from '../../../../services/shared/script/mounts.js';

const MOUNTS = `22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:26 / /srv rw - nfs4 server:/export rw
31 30 0:27 / /srv/local rw - tmpfs tmpfs rw
32 22 0:28 / /mnt/with\\040space rw shared:2 master:1 - fuse.sshfs me@there:/ rw
33 22 0:29 / /etc/scripts rw - autofs /etc/auto.scripts rw
34 22 0:30 / /opt rw - xfs /dev/sdb1 rw
35 34 0:31 / /opt rw - cifs //there/opt rw
`;

const CASES: ReadonlyArray<readonly [path: string, prompt: boolean]> = [
  ['/', true],
  ['/usr/local/bin/notify.sh', true],
  ['/srv', false],
  ['/srv/notify.sh', false],
  ['/srvs/notify.sh', true],
  ['/srv/local/notify.sh', true],
  ['/mnt/with space/notify.sh', false],
  ['/etc/scripts/notify.sh', false],
  ['/opt/notify.sh', false],
  ['relative', false],
  ['', false],
];

for (const [path, prompt] of CASES)
  it(`'${path}' ${prompt ? 'is on a file system of this machine' : 'may have to wait'}`, () => {
    assert.equal(promptPathsOf(MOUNTS)(path), prompt);
  });

it('calls nothing prompt where no mounts are known', () => {
  assert.equal(promptPathsOf('')('/usr/bin'), false);
});

it('finds /proc, which is none of the prompt ones, in the mounts of this machine', () => {
  assert.equal(promptPaths()('/proc/self'), false);
});
