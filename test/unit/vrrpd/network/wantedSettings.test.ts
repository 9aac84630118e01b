import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeKernel } from '../../../../services/shared/kernel/fakeKernel.js';
import { MemoryText } from '../../../../services/shared/kernel/fakeLinkControl.js';
import { FakeWorld } from '../../../../services/shared/kernel/fakeWorld.js';
import { FakeClock } from '../../../../services/shared/time/clock.js';
import type { InstanceConfig, VirtualLinkConfig } from '../../../../services/vrrpd/config/model.js';
import { MachineRecord } from '../../../../services/vrrpd/network/machineRecord.js';
import { SettingKeeper } from '../../../../services/vrrpd/network/settingKeeper.js';
import { type WantedSetting, wantedSettings } from '../../../../services/vrrpd/network/wantedSettings.js';
import { config, instance, vip } from '../support.js';

const LINK: VirtualLinkConfig = { name: 'vrrp.51', kind: 'macvlan', base: 'eth0', mode: 'private' };

const planned = (
  instances: readonly InstanceConfig[],
  original: Readonly<Record<string, string>> = {},
  interfaces: readonly string[] = ['eth0', 'eth1', 'vrrp.51'],
): readonly WantedSetting[] => wantedSettings(config(instances), { original: (path) => original[path], interfaces });

const lines = (wanted: readonly WantedSetting[]): string[] =>
  wanted.map(({ path, value, own }) => `${path.replace(/^net\//, '')} ${value}${own ? ' own' : ''}`);

describe('what is set below /proc/sys', () => {
  it('is nothing where there is no virtual interface', () => {
    assert.deepEqual(planned([instance()]), []);
  });

  it('promote_secondaries: on every interface that addresses stand on, and not twice', () => {
    const vips = [vip('10.0.0.1/24'), vip('10.0.0.2/24', { dev: 'eth1' }), vip('10.0.0.3/24', { dev: 'eth1' })];
    assert.deepEqual(lines(planned([instance({ promoteSecondaries: true, vips })])), [
      'ipv4/conf/eth0/promote_secondaries 1',
      'ipv4/conf/eth1/promote_secondaries 1',
    ]);
  });

  it('use_vmac: the base keeps quiet about the addresses, the virtual interface answers for them', () => {
    assert.deepEqual(lines(planned([instance({ virtualLinks: [LINK] })], { 'net/ipv4/conf/eth0/forwarding': '1' })), [
      'ipv4/conf/eth0/arp_ignore 1',
      'ipv4/conf/eth0/arp_announce 2',
      'ipv4/conf/vrrp.51/arp_ignore 1 own',
      'ipv4/conf/vrrp.51/arp_announce 2 own',
      'ipv4/conf/vrrp.51/arp_filter 0 own',
      'ipv4/conf/vrrp.51/rp_filter 0 own',
      'ipv4/conf/vrrp.51/accept_local 1 own',
      'ipv4/conf/vrrp.51/promote_secondaries 1 own',
      'ipv4/conf/vrrp.51/forwarding 1 own',
      'ipv6/conf/vrrp.51/forwarding 0 own',
      'ipv6/conf/vrrp.51/accept_ra 0 own',
      'ipv6/conf/vrrp.51/autoconf 0 own',
      'ipv6/conf/vrrp.51/router_solicitations 0 own',
    ]);
  });

  it('strict reverse path filtering of all moves to every other interface before all is opened', () => {
    const wanted = planned([instance({ virtualLinks: [LINK] })], { 'net/ipv4/conf/all/rp_filter': '1' });
    const filters = wanted.filter(({ path, own }) => path.endsWith('rp_filter') && !own);
    assert.deepEqual(lines(filters), [
      'ipv4/conf/default/rp_filter 1',
      'ipv4/conf/eth0/rp_filter 1',
      'ipv4/conf/eth1/rp_filter 1',
      'ipv4/conf/all/rp_filter 0',
    ]);
    assert.deepEqual(filters.at(-1)?.vital, ['vrrp.51'], 'without it the interface is of no use');
  });
});

describe('the keeper of settings', () => {
  const path = 'net/ipv4/conf/eth0/arp_ignore';
  const machine = (before: string) => {
    const control = new FakeKernel(new FakeWorld(new FakeClock()), 'r1').linkControl;
    control.settings.set(path, before);
    const text = new MemoryText();
    const keeper = () => new SettingKeeper(control, new MachineRecord(text, (error) => assert.ifError(error)));
    return { control, keeper };
  };
  const wanted: WantedSetting = {
    path,
    value: 1,
    compare: 'at-least',
    or: 'net/ipv4/conf/all/arp_ignore',
    own: false,
    vital: [],
    otherwise: 'clients may learn it',
  };

  it('sets a value and puts back what was there, be it a successor that does', () => {
    const { control, keeper } = machine('0');
    assert.deepEqual(keeper().keep([wanted]), []);
    assert.equal(control.settings.get(path), '1');
    const successor = keeper();
    successor.keep([wanted]);
    assert.equal(successor.original(path), '0');
    successor.restore();
    assert.equal(control.settings.get(path), '0');
  });

  it('leaves a value alone that does as well, itself or by that of all', () => {
    const { control, keeper } = machine('2');
    keeper().keep([wanted]);
    assert.deepEqual(control.calls, []);
    control.settings.set(path, '0').set('net/ipv4/conf/all/arp_ignore', '1');
    keeper().keep([wanted]);
    assert.deepEqual(control.calls, []);
  });

  it('does not put back what somebody else has changed since', () => {
    const { control, keeper } = machine('0');
    const one = keeper();
    one.keep([wanted]);
    control.settings.set(path, '8');
    one.keep([]);
    assert.equal(control.settings.get(path), '8');
  });

  it('says what follows from a value that cannot be set, and how to set it', () => {
    const { control, keeper } = machine('0');
    control.refuses = () => 'EROFS';
    const [problem] = keeper().keep([wanted]);
    assert.match(
      problem?.text ?? '',
      /^net\.ipv4\.conf\.eth0\.arp_ignore is 0 and cannot be set to 1: .*Clients may learn it: set it outside/,
    );
  });
});
