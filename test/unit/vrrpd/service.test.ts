import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeKernel } from '../../../services/shared/kernel/fakeKernel.js';
import { MemoryText } from '../../../services/shared/kernel/fakeLinkControl.js';
import { silentLogger } from '../../../services/shared/log/logger.js';
import type { ConfigTree } from '../../../services/shared/rpc/generated/keepwatch/v1/common.js';
import { ChangeKind, type ServiceEvent } from '../../../services/shared/rpc/generated/keepwatch/v1/lifecycle.js';
import { seconds } from '../../../services/shared/time/duration.js';
import type { NotifyConfig, VrrpConfig } from '../../../services/vrrpd/config/model.js';
import { ResumeRecord } from '../../../services/vrrpd/resumeRecord.js';
import { VrrpService } from '../../../services/vrrpd/service.js';
import { openNoWatch } from '../../../services/vrrpd/track/watch.js';
import { config, group, instance, ip, MemoryRight, MemorySlots, newWorld, position, vip } from './support.js';

const TREE: ConfigTree = { files: [], statements: [] };

const script = (...argv: string[]) => ({ argv, position: { file: 'keepalived.conf', line: 12, column: 5 } });

const NOTIFY: NotifyConfig = {
  master: script('/etc/master.sh', 'VI one'),
  backup: script('/etc/backup.sh'),
  fault: script('/etc/fault.sh'),
  stop: script('/etc/stop.sh'),
  any: script('/etc/notify.sh', 'first'),
  priorityChanges: false,
  smtpAlert: true,
};

function newService() {
  const world = newWorld();
  const kernel = new FakeKernel(world, 'R1');
  kernel.addInterface({ name: 'eth0', ifindex: 2, mac: Buffer.from([2, 0, 0, 0, 0, 1]), segment: 'lan' });
  kernel.netlink.addAddresses([
    { ifindex: 2, family: 4, address: Buffer.from(ip('10.0.0.1').bytes), prefixLength: 24 },
  ]);
  const events: ServiceEvent[] = [];
  const slots = new MemorySlots();
  const wanted: { model: VrrpConfig } = { model: config([]) };
  const service = new VrrpService({
    clock: world.clock,
    logger: silentLogger(),
    kernel,
    events: { publish: (event) => events.push(event) },
    interpret: () => ({ model: wanted.model, diagnostics: [] }),
    openWatch: openNoWatch,
    machine: new MemoryText(),
    openResume: () => new ResumeRecord(slots, () => {}),
    defer: (task) => task(),
    applyScheduling: () => [],
    programProblem: async (name) => (name === '/etc/gone.sh' ? `${name} does not exist` : undefined),
    impairmentsChanged: () => {},
    right: new MemoryRight(),
  });
  const configure = (model: VrrpConfig) => {
    wanted.model = model;
    return service.configure(TREE);
  };
  const plan = (model: VrrpConfig) => {
    wanted.model = model;
    return service.plan(TREE);
  };
  /** What was told since the last call. */
  const told = () => events.splice(0).flatMap((event) => event.notifications);
  return { world, kernel, service, configure, plan, told, events };
}

describe('notifications', () => {
  it('call the scripts, write the FIFO lines and the mails of keepalived', async () => {
    const { world, configure, told, service } = newService();
    await configure(config([instance({ notify: NOTIFY })]));
    const [backup] = told();
    assert.equal(backup?.lane, 'instance VI_1');
    assert.deepEqual(
      backup?.scripts.map(({ argv }) => argv),
      [['/etc/backup.sh'], ['/etc/notify.sh', 'first', 'INSTANCE', 'VI_1', 'BACKUP', '100']],
    );
    assert.equal(backup?.scripts[0]?.configuredAt, 'keepalived.conf:12:5');
    assert.deepEqual(backup?.vrrpFifoLines, ['INSTANCE "VI_1" BACKUP 100']);
    assert.deepEqual(backup?.mails, [
      {
        subject: '[R1] VRRP Instance VI_1 - Entering BACKUP state',
        body: '=> VRRP Instance is no longer owning VRRP VIPs <=',
      },
    ]);
    world.advance(seconds(4));
    const [master] = told();
    assert.deepEqual(
      master?.scripts.map(({ argv }) => argv.join(' ')),
      ['/etc/master.sh VI one', '/etc/notify.sh first INSTANCE VI_1 MASTER 100'],
    );
    assert.equal(master?.mails[0]?.body, '=> VRRP Instance is now owning VRRP VIPs <=');
    const stopped = service.stop({ keepKernelState: false });
    world.advance(seconds(1.1));
    await stopped;
    const [stop] = told();
    assert.deepEqual(
      stop?.scripts.map(({ argv }) => argv.join(' ')),
      ['/etc/stop.sh', '/etc/notify.sh first INSTANCE VI_1 STOP 100'],
    );
  });

  it('tell a group after its members, with priority 0', async () => {
    const { world, configure, told } = newService();
    const members = [instance(), instance({ name: 'VI_2', vrid: 52, vips: [vip('10.0.0.101/24')] })];
    await configure(config(members, [group(['VI_1', 'VI_2'], { notify: NOTIFY })]));
    assert.deepEqual(
      told().flatMap((notification) => notification.vrrpFifoLines),
      ['INSTANCE "VI_1" BACKUP 100', 'INSTANCE "VI_2" BACKUP 100', 'GROUP "VG_1" BACKUP 0'],
    );
    world.advance(seconds(4));
    const all = told();
    assert.deepEqual(
      all.map(({ lane }) => lane),
      ['instance VI_1', 'instance VI_2', 'group VG_1'],
    );
    assert.deepEqual(all.at(-1)?.mails, [
      {
        subject: '[R1] VRRP Group VG_1 - Entering MASTER state',
        body: '=> All VRRP group instances are now in MASTER state <=',
      },
    ]);
    assert.deepEqual(all.at(-1)?.scripts.at(-1)?.argv.slice(-4), ['GROUP', 'VG_1', 'MASTER', '0']);
  });

  it('tell a deleted instance as FAULT, with the scripts it had', async () => {
    const { configure, told } = newService();
    await configure(config([instance({ notify: NOTIFY })]));
    told();
    await configure(config([]));
    const [deleted] = told();
    assert.deepEqual(
      deleted?.scripts.map(({ argv }) => argv.join(' ')),
      ['/etc/notify.sh first INSTANCE VI_1 FAULT 100'],
    );
    assert.equal(deleted?.mails[0]?.body, '=> VRRP Deleted at reload <=');
  });
});

describe('what is told besides states', () => {
  const written = (all: readonly { readonly vrrpFifoLines: readonly string[] }[]) =>
    all.flatMap(({ vrrpFifoLines }) => vrrpFifoLines);

  it('notify_deleted says DELETED and runs its script before notify', async () => {
    const { configure, told } = newService();
    const notify: NotifyConfig = { ...NOTIFY, deleted: { script: script('/etc/deleted.sh', 'x') } };
    await configure(config([instance({ notify })]));
    told();
    await configure(config([]));
    const [deleted] = told();
    assert.deepEqual(
      deleted?.scripts.map(({ argv }) => argv.join(' ')),
      ['/etc/deleted.sh x', '/etc/notify.sh first INSTANCE VI_1 DELETED 100'],
    );
    assert.deepEqual(deleted?.vrrpFifoLines, ['INSTANCE "VI_1" DELETED 100']);
  });

  it('changes of priority go to the FIFOs where asked for, while MASTER or BACKUP', async () => {
    const { world, configure, told } = newService();
    const with_ = (priority: number, priorityChanges: boolean) =>
      config([instance({ priority, notify: { ...NOTIFY, priorityChanges } })]);
    await configure(with_(100, true));
    told();
    await configure(with_(110, true));
    assert.deepEqual(written(told()), ['INSTANCE "VI_1" BACKUP_PRIORITY 110']);
    world.advance(seconds(4));
    told();
    await configure(with_(120, true));
    const [changed] = told();
    assert.deepEqual(changed?.vrrpFifoLines, ['INSTANCE "VI_1" MASTER_PRIORITY 120']);
    assert.deepEqual(changed?.scripts, []);
    await configure(with_(130, false));
    assert.deepEqual(told(), []);
  });

  it('fifo_write_vrrp_states_on_reload writes every state once, and not at the start', async () => {
    const { world, configure, told } = newService();
    const base = config([instance(), instance({ name: 'VI_2', vrid: 52 })], [group(['VI_1', 'VI_2'])]);
    const model = { ...base, global: { ...base.global, statesOnReload: true } };
    await configure(model);
    world.advance(seconds(4));
    told();
    await configure(model);
    assert.deepEqual(written(told()), [
      'INSTANCE "VI_1" MASTER 100',
      'INSTANCE "VI_2" MASTER 100',
      'GROUP "VG_1" MASTER 0',
    ]);
  });
});

describe('configurations', () => {
  it('refuses an unknown interface, naming the place and the interfaces there are', async () => {
    const { configure, service } = newService();
    const at = { ...position, line: 7 };
    const outcome = await configure(config([instance({ interface: 'eth9', position: at })]));
    assert.equal(outcome.accepted, false);
    const [diagnostic] = outcome.diagnostics;
    assert.equal(diagnostic?.code, 'unknown-interface');
    assert.equal(diagnostic?.position?.line, 7);
    assert.match(diagnostic?.message ?? '', /interface eth9 does not exist/);
    assert.match(diagnostic?.hint ?? '', /Did you mean eth0\? .*eth0/);
    const { state } = service.state();
    assert.ok(state?.$case === 'vrrp');
    assert.deepEqual([state.value.instances, state.value.groups, state.value.trackers], [[], [], []]);
  });

  it('leaves everything as it was when it refuses a reload', async () => {
    const { world, configure, service, kernel } = newService();
    await configure(config([instance()]));
    world.advance(seconds(4));
    const changes = kernel.netlink.changes.length;
    const bad = instance({ name: 'VI_2', vrid: 9, interface: 'eth9' });
    assert.equal((await configure(config([bad]))).accepted, false);
    assert.equal(kernel.netlink.changes.length, changes);
    const { state } = service.state();
    assert.equal(state?.$case === 'vrrp' && state.value.instances[0]?.name, 'VI_1');
  });

  it('only warns about a script that cannot be run', async () => {
    const { configure } = newService();
    const notify = { ...NOTIFY, master: script('/etc/gone.sh') };
    const outcome = await configure(config([instance({ notify })]));
    assert.equal(outcome.accepted, true);
    assert.deepEqual(
      outcome.diagnostics.map(({ code, message }) => [code, message]),
      [['script-unusable', '/etc/gone.sh does not exist; without it the script is not run']],
    );
  });

  it('plans what configure then does, and does nothing by itself', async () => {
    const { configure, plan, service } = newService();
    const first = [instance(), instance({ name: 'VI_2', vrid: 52, vips: [vip('10.0.0.101/24')] })];
    await configure(config(first));
    const next = config([
      instance({ priority: 120, vips: [vip('10.0.0.100/24'), vip('10.0.0.102/24')] }),
      instance({ name: 'VI_3', vrid: 53, vips: [vip('10.0.0.103/24')] }),
    ]);
    const { changes } = await plan(next);
    assert.deepEqual(changes, [
      { kind: ChangeKind.CHANGE_KIND_REMOVE, subject: 'vrrp_instance VI_2', details: [] },
      {
        kind: ChangeKind.CHANGE_KIND_UPDATE,
        subject: 'vrrp_instance VI_1',
        details: ['priority 100 -> 120', 'virtual_ipaddress + 10.0.0.102/24'],
      },
      { kind: ChangeKind.CHANGE_KIND_ADD, subject: 'vrrp_instance VI_3', details: [] },
    ]);
    const { state } = service.state();
    assert.equal(state?.$case === 'vrrp' && state.value.instances.length, 2);
    assert.deepEqual((await configure(next)).changes, changes);
    assert.deepEqual((await plan(next)).changes, []);
  });

  it('says what it lacks when the kernel refuses', async () => {
    const { kernel, configure, service } = newService();
    kernel.failures.set('socket', 'EPERM');
    const outcome = await configure(config([instance()]));
    assert.equal(outcome.accepted, false);
    assert.match(outcome.diagnostics[0]?.message ?? '', /EPERM/);
    assert.match(outcome.diagnostics[0]?.hint ?? '', /NET_ADMIN and NET_RAW/);
    assert.equal(service.impairments().length, 1);
  });
});
