/** Making, adopting and removing the interfaces of virtual MACs, on a fake kernel. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FakeKernel } from '../../../../services/shared/kernel/fakeKernel.js';
import { MemoryText } from '../../../../services/shared/kernel/fakeLinkControl.js';
import { FakeWorld } from '../../../../services/shared/kernel/fakeWorld.js';
import { parseIpAddress } from '../../../../services/shared/net/address.js';
import { FakeClock } from '../../../../services/shared/time/clock.js';
import type { VirtualLinkConfig } from '../../../../services/vrrpd/config/model.js';
import { LinkTable } from '../../../../services/vrrpd/linkTable.js';
import { MachineRecord } from '../../../../services/vrrpd/network/machineRecord.js';
import { VirtualLinks } from '../../../../services/vrrpd/network/virtualLinks.js';

const MAC = Buffer.from('00005e000133', 'hex');
const VMAC: VirtualLinkConfig = { name: 'vrrp.51', kind: 'macvlan', base: 'eth0', mac: MAC, mode: 'private' };
const IPVLAN: VirtualLinkConfig = {
  name: 'ipvl1',
  kind: 'ipvlan',
  base: 'eth0',
  mode: 'bridge',
  address: { address: parseIpAddress('10.9.0.7') ?? assert.fail(), prefixLength: 24 },
};

/** A machine with eth0; `text` is what a predecessor wrote down. */
function machine(text = new MemoryText()) {
  const kernel = new FakeKernel(new FakeWorld(new FakeClock()), 'ours');
  kernel.addInterface({ name: 'eth0', ifindex: 2, mac: Buffer.from('020000000001', 'hex'), segment: 'lan' });
  const links = new LinkTable();
  const record = new MachineRecord(text, (error) => assert.fail(String(error)));
  const virtual = new VirtualLinks(kernel.linkControl, kernel.netlink, links, record);
  const look = (): void => links.reset(kernel.netlink.links(), kernel.netlink.addresses());
  look();
  const { calls } = kernel.linkControl;
  return { kernel, links, record, virtual, look, calls, control: kernel.linkControl };
}

describe('virtual interfaces', () => {
  test('are made, set up and given their address, once', () => {
    const { virtual, calls, record, links } = machine();
    assert.ok(virtual.needWork([VMAC, IPVLAN]));
    assert.deepEqual(virtual.make([VMAC, IPVLAN]), { made: ['vrrp.51', 'ipvl1'], retry: false });
    assert.deepEqual(calls, ['create vrrp.51', 'create ipvl1', 'up vrrp.51', 'up ipvl1']);
    assert.deepEqual([...record.links], ['vrrp.51', 'ipvl1']);
    assert.ok(links.hasAddress(links.byName('ipvl1')?.ifindex ?? 0, '10.9.0.7/24'));
    assert.ok(!virtual.needWork([VMAC, IPVLAN]));
    assert.deepEqual(virtual.make([VMAC, IPVLAN]), { made: [], retry: false });
    assert.equal(calls.length, 4, 'nothing is done twice');
  });

  test('of a predecessor are taken as they are; those nobody wants go', () => {
    const text = new MemoryText();
    const first = machine(text);
    first.virtual.make([VMAC, IPVLAN]);
    const second = new VirtualLinks(
      first.control,
      first.kernel.netlink,
      first.links,
      new MachineRecord(text, (error) => assert.fail(String(error))),
    );
    first.calls.length = 0;
    second.make([VMAC]);
    second.removeOthers([VMAC]);
    assert.deepEqual(first.calls, ['remove ipvl1']);
    assert.ok(first.links.byName('vrrp.51') !== undefined && first.links.byName('ipvl1') === undefined);
  });

  test('with another MAC, or in the way of a wanted one, are made anew', () => {
    const { virtual, calls, links } = machine();
    virtual.make([VMAC]);
    calls.length = 0;
    const other = { ...VMAC, mac: Buffer.from('00005e000134', 'hex') };
    virtual.make([other]);
    assert.deepEqual(calls, ['remove vrrp.51', 'create vrrp.51', 'up vrrp.51']);
    assert.deepEqual(links.byName('vrrp.51')?.mac, other.mac);
    calls.length = 0;
    virtual.removeRivals([{ ...other, name: 'vmac52' }]);
    assert.deepEqual(calls, ['remove vrrp.51']);
  });

  test("another program's interface of that name stays, and is a fault that says what to do", () => {
    const { kernel, virtual, calls, look } = machine();
    kernel.addInterface({ name: 'vrrp.51', ifindex: 9, mac: MAC, segment: 'lan' });
    look();
    assert.equal(virtual.make([VMAC]).retry, true);
    assert.match(
      virtual.fault('vrrp.51') ?? '',
      /^interface vrrp\.51 exists already and is no macvlan on eth0: name another one after use_vmac/,
    );
    virtual.removeOthers([]);
    assert.deepEqual(calls, []);
  });

  const refusals: readonly (readonly [code: string, config: VirtualLinkConfig, text: RegExp])[] = [
    ['EOPNOTSUPP', VMAC, /this kernel has no macvlan\. Load its module with 'modprobe macvlan', or remove use_vmac$/],
    ['EPERM', IPVLAN, /ipvlan ipvl1 on eth0 cannot be made: not permitted\. Grant vrrpd the capability NET_ADMIN/],
    ['EBUSY', VMAC, /Is eth0 an Ethernet interface that is not used by a bridge/],
    ['ENOMEM', VMAC, /^macvlan vrrp\.51 on eth0 cannot be made: .*ENOMEM/],
  ];
  for (const [code, config, text] of refusals) {
    test(`${code} is a fault in words, and tried again`, () => {
      const { virtual, control } = machine();
      control.refuses = (call) => (call.startsWith('create') ? code : undefined);
      assert.deepEqual(virtual.make([config]), { made: [], retry: true });
      assert.match(virtual.fault(config.name) ?? '', text);
      control.refuses = () => undefined;
      assert.deepEqual(virtual.make([config]), { made: [config.name], retry: false });
      assert.equal(virtual.fault(config.name), undefined);
    });
  }

  test('wait for a base that is not there, without a fault', () => {
    const { virtual, calls } = machine();
    const waiting = { ...VMAC, base: 'eth7' };
    assert.ok(!virtual.needWork([waiting]));
    assert.deepEqual(virtual.make([waiting]), { made: [], retry: false });
    assert.equal(virtual.fault('vrrp.51'), undefined);
    assert.deepEqual(calls, []);
  });

  test('that vanish while they are set up are made again', () => {
    const { kernel, virtual, control, calls, links } = machine();
    let vanished = false;
    control.refuses = (call) => {
      if (vanished || call !== 'up vrrp.51') return undefined;
      vanished = true;
      kernel.removeInterface(links.byName('vrrp.51')?.ifindex ?? 0);
      return 'ENODEV';
    };
    virtual.make([VMAC]);
    assert.deepEqual(calls, ['create vrrp.51', 'up vrrp.51', 'create vrrp.51', 'up vrrp.51']);
    assert.equal(virtual.fault('vrrp.51'), undefined);
  });
});
