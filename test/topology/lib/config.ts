/** Short ways to write the configurations of the tests; the texts are plain keepalived.conf. */

/** One instance. */
export interface InstanceText {
  readonly name?: string;
  readonly state?: 'MASTER' | 'BACKUP';
  readonly interface?: string;
  readonly vrid?: number | string;
  readonly priority: number;
  readonly advertInt?: number;
  readonly addresses: readonly string[];
  /** More lines of the block. */
  readonly more?: readonly string[];
}

/** The text of a block: a head and its lines. */
export function block(head: string, lines: readonly string[]): string {
  return [`${head} {`, ...lines.map((line) => line.replace(/^/gm, '    ')), '}'].join('\n');
}

/** `vrrp_instance` with what the test leaves open filled in. */
export function instance(text: InstanceText): string {
  return block(`vrrp_instance ${text.name ?? 'VI_1'}`, [
    `state ${text.state ?? 'BACKUP'}`,
    `interface ${text.interface ?? 'eth0'}`,
    `virtual_router_id ${text.vrid ?? 51}`,
    `priority ${text.priority}`,
    `advert_int ${text.advertInt ?? 1}`,
    block('virtual_ipaddress', text.addresses),
    ...(text.more ?? []),
  ]);
}

/** `authentication` with a plain password. */
export function pass(password: string): string {
  return block('authentication', ['auth_type PASS', `auth_pass ${password}`]);
}

/** A whole file. */
export function configuration(...blocks: readonly string[]): string {
  return `${[block('global_defs', ['router_id LAB']), ...blocks].join('\n\n')}\n`;
}
