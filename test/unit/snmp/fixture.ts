/** A suite with a bit of everything, and the machine it is on. */
import { readSnmpSettings } from '../../../services/shared/config/modules.js';
import { splitTree } from '../../../services/shared/config/splitTree.js';
import type { ConfigTree } from '../../../services/shared/rpc/generated/keepwatch/v1/common.js';
import { SuiteStatus } from '../../../services/shared/rpc/generated/keepwatch/v1/control.js';
import { IpvsForwarding, IpvsProtocol } from '../../../services/shared/rpc/generated/keepwatch/v1/ipvs.js';
import { VrrpStateName } from '../../../services/shared/rpc/generated/keepwatch/v1/vrrp.js';
import { globalsOf } from '../../../services/snmp/mib/global.js';
import type { Machine, Served, ServedConfiguration } from '../../../services/snmp/mib/served.js';
import { load } from '../shared/config/support.js';

export const CONFIG = `
global_defs {
  router_id R1
  notification_email {
    a@example.org
    b@example.org
  }
  smtp_server 192.0.2.25 2525
  smtp_alert on
  enable_snmp_vrrp
  enable_snmp_checker
  enable_snmp_rfc
  enable_traps
  lvs_timeouts tcp 900 udp 300
  lvs_sync_daemon eth0 VI_1 id 7
}
vrrp_script chk {
  script "/bin/check me"
  interval 2
  weight 10 reverse
  rise 3
}
vrrp_sync_group VG {
  group {
    VI_1
    VI_2
  }
  notify_master /bin/group
}
vrrp_instance VI_1 {
  interface eth0
  virtual_router_id 51
  priority 100
  advert_int 1
  authentication {
    auth_type PASS
    auth_pass secret
  }
  virtual_ipaddress {
    10.9.0.100/24 label eth0:1 brd 10.9.0.255
  }
  virtual_ipaddress_excluded {
    2001:db8::1/64
  }
  track_script {
    chk
  }
  notify_master "/bin/notify a" user
}
vrrp_instance VI_2 {
  interface eth1
  virtual_router_id 52
  version 3
  smtp_alert off
  unicast_peer {
    10.9.1.2
  }
}
virtual_server_group WEB {
  10.8.0.2 80
  10.8.0.3-9 443
  fwmark 3
}
virtual_server 10.8.0.1 80 {
  protocol TCP
  lvs_sched sh
  lvs_method DR
  sh-port
  quorum 2
  delay_loop 6.5
  snmp_name front
  real_server 10.9.1.1 80 {
    weight 5
    snmp_name one
    notify_down "/bin/down"
    TCP_CHECK {
      connect_timeout 1
    }
  }
  real_server 10.9.1.2 80 {
    inhibit_on_failure
  }
  sorry_server 10.9.1.9 80
}
virtual_server fwmark 42 {
  real_server fd00::1 80 {
  }
}
`;

/** Loads a text as the supervisor hands it on. */
export function configurationOf(text: string): ServedConfiguration {
  const { tree } = load(text);
  if (tree === undefined) throw new Error('the configuration of the test cannot be read');
  return { trees: new Map(Object.entries(splitTree(tree)) as [string, ConfigTree][]), networkNamespace: '' };
}

const real = (address: string, port: number, rest: object = {}) => ({
  name: `[${address}]:tcp:${port}`,
  address,
  port,
  up: true,
  weight: 1,
  configuredWeight: 1,
  inTable: true,
  ...rest,
});

export const STATUS = SuiteStatus.fromPartial({
  version: '0.1.0',
  vrrp: {
    instances: [
      // Not in the order of the configuration.
      {
        name: 'VI_2',
        interface: 'eth1',
        vrid: 52,
        family: 4,
        version: 3,
        state: VrrpStateName.VRRP_STATE_NAME_FAULT,
        wantedState: VrrpStateName.VRRP_STATE_NAME_BACKUP,
        basePriority: 90,
        effectivePriority: 90,
        advertIntervalMs: 500,
        preempt: true,
        group: 'VG',
      },
      {
        name: 'VI_1',
        interface: 'eth0',
        vrid: 51,
        family: 4,
        version: 2,
        state: VrrpStateName.VRRP_STATE_NAME_MASTER,
        wantedState: VrrpStateName.VRRP_STATE_NAME_BACKUP,
        basePriority: 100,
        effectivePriority: 110,
        advertIntervalMs: 1000,
        preempt: false,
        group: 'VG',
        masterAddress: '10.9.0.1',
        becameMaster: 2n,
        advertsReceived: 2n ** 33n,
        addresses: [
          { address: '10.9.0.100/24', interface: 'eth0', present: true },
          { address: '2001:db8::1/64', interface: 'eth0', present: true, excluded: true },
        ],
        trackers: [{ kind: 'script', name: 'chk', up: true, weight: 10, reverse: true, condition: 'good' }],
        drops: [{ reason: 'ttl', count: 3n }],
        lastTransition: { to: VrrpStateName.VRRP_STATE_NAME_MASTER, cause: { code: 'master-down-timer' } },
      },
    ],
    groups: [{ name: 'VG', state: VrrpStateName.VRRP_STATE_NAME_UNSPECIFIED, members: ['VI_1', 'VI_2'] }],
    trackers: [{ kind: 'script', name: 'chk', condition: 'good' }],
    interfaceDrops: [{ interface: 'eth0', drops: [{ reason: 'vrid', count: 4n }] }],
  },
  health: {
    virtualServers: [
      {
        name: '[10.8.0.1]:tcp:80',
        quorum: 2,
        quorumUp: false,
        realServers: [
          real('10.9.1.1', 80, { weight: 5, checkers: [{ kind: 'TCP_CHECK', up: true }] }),
          real('10.9.1.2', 80, { up: false, weight: 0, checkers: [{ kind: 'TCP_CHECK', up: false }] }),
        ],
        sorryServer: real('10.9.1.9', 80),
      },
      { name: 'FWM 42', quorum: 1, quorumUp: true, realServers: [real('fd00::1', 80, { name: '[fd00::1]:none:0' })] },
    ],
    desired: [
      {
        key: { family: 4, protocol: IpvsProtocol.IPVS_PROTOCOL_TCP, address: '10.8.0.1', port: 80 },
        scheduler: 'sh',
        flags: 0x10,
        persistenceTimeoutS: 60,
        persistencePrefixLength: 24,
        destinations: [
          {
            family: 4,
            address: '10.9.1.1',
            port: 80,
            weight: 5,
            forwarding: IpvsForwarding.IPVS_FORWARDING_DROUTE,
            upperThreshold: 9,
          },
        ],
      },
    ],
  },
  ipvsStatistics: [
    {
      key: { family: 4, protocol: IpvsProtocol.IPVS_PROTOCOL_TCP, address: '10.8.0.1', port: 80 },
      counters: { connections: 5n, inPackets: 2n ** 32n + 1n, inBytes: 2n ** 40n },
      destinations: [{ address: '10.9.1.1', port: 80, activeConnections: 2, counters: { connections: 4n } }],
    },
  ],
});

export const MACHINE: Machine = {
  hostname: 'host',
  interfaceIndex: (name) => new Map([['eth0', 2]]).get(name),
  interfaceMac: (name) => (name === 'eth0' ? Uint8Array.of(2, 0, 0, 0, 0, 9) : undefined),
  interfaceAddresses: (name, family) => (name === 'eth0' && family === 4 ? ['10.9.0.100', '10.9.0.1'] : []),
};

export function served(text = CONFIG): Served {
  const configuration = configurationOf(text);
  const settings = readSnmpSettings(globalsOf(configuration));
  return { status: STATUS, configuration, settings, dbus: false, machine: MACHINE };
}
