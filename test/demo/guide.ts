/** The pair of HAProxy machines of "Keepalived the definitive guide", section 3.1, as it stands there. */

export const VIRTUAL_ADDRESS = '192.168.1.1';
/** The script that the guide's configuration names. */
export const SCRIPT = '/root/script/notify_mail.sh';

/** One of the two machines. */
export interface GuideRouter {
  readonly address: string;
  readonly priority: number;
  /** The guide sets it on the first machine only. */
  readonly nopreempt: boolean;
}

export const ROUTERS = {
  first: { address: '192.168.1.3', priority: 150, nopreempt: true },
  second: { address: '192.168.1.4', priority: 100, nopreempt: false },
} as const satisfies Record<string, GuideRouter>;

/** The configuration of one machine, its script in another folder where this machine cannot use the guide's. */
export function guideConfig({ priority, nopreempt }: GuideRouter, script = SCRIPT): string {
  return `global_defs {
    notification_email {
        finalbsd@gmail.com
    }
    notification_email_from finalbsd@gmail.com
    smtp_server 127.0.0.1
    smtp_connect_timeout 30
    router_id haproxy-ha
}

vrrp_sync_group VG1 {
    group {
        VI_1
    }
}

vrrp_instance VI_1 {
    state BACKUP
    smtp_alert
    notify_fault "${script} fault"
    notify_master "${script} master"
${nopreempt ? '    nopreempt\n' : ''}    interface eth1
    track_interface {
        eth0
        eth1
    }
    virtual_router_id 51
    priority ${priority}
    advert_int 1
    authentication {
        auth_type PASS
        auth_pass fsaf..7&f
    }
    virtual_ipaddress {
        ${VIRTUAL_ADDRESS}/24 dev eth1 scope global
    }
}
`;
}
