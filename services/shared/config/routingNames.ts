/** Names of routing tables, protocols, scopes, realms, DS fields and interface groups, as iproute2 keeps them. */

/** What a name may stand for. */
export type RoutingNameKind = 'table' | 'protocol' | 'scope' | 'realm' | 'dsfield' | 'group';

/** Reads a file, or undefined when it cannot be read; lists a folder, or nothing. */
export interface NameFiles {
  readonly read: (path: string) => string | undefined;
  readonly list: (path: string) => readonly string[];
}

/** Names that hold without any file (iproute2's own defaults). */
const BUILT_IN: Readonly<Record<RoutingNameKind, Readonly<Record<string, number>>>> = {
  table: { unspec: 0, default: 253, main: 254, local: 255 },
  protocol: {
    unspec: 0,
    redirect: 1,
    kernel: 2,
    boot: 3,
    static: 4,
    gated: 8,
    ra: 9,
    mrt: 10,
    zebra: 11,
    bird: 12,
    dnrouted: 13,
    xorp: 14,
    ntk: 15,
    dhcp: 16,
    keepalived: 18,
    babel: 42,
    bgp: 186,
    isis: 187,
    ospf: 188,
    rip: 189,
    eigrp: 192,
  },
  scope: { global: 0, universe: 0, site: 200, link: 253, host: 254, nowhere: 255 },
  realm: { cosmos: 0 },
  dsfield: {},
  group: { default: 0 },
};

/** Files below the folders of iproute2, each with a folder `NAME.d` for more. */
const FILES: Readonly<Record<RoutingNameKind, string>> = {
  table: 'rt_tables',
  protocol: 'rt_protos',
  scope: 'rt_scopes',
  realm: 'rt_realms',
  dsfield: 'rt_dsfield',
  group: 'group',
};

/** The distribution's first: what the administrator wrote wins. */
const FOLDERS = ['/usr/lib/iproute2', '/usr/share/iproute2', '/etc/iproute2'];

/** Looks names up; each kind of file is read on the first question about it. */
export class RoutingNames {
  readonly #files: NameFiles;
  readonly #known = new Map<RoutingNameKind, ReadonlyMap<string, number>>();

  constructor(files: NameFiles = { read: () => undefined, list: () => [] }) {
    this.#files = files;
  }

  /** The number of a name, or of a number written in decimal, octal or hexadecimal; undefined for neither or above `max`. */
  number(kind: RoutingNameKind, text: string, max: number): number | undefined {
    const value = readNumber(text) ?? this.#names(kind).get(text);
    return value === undefined || value > max ? undefined : value;
  }

  /** All names of a kind. */
  names(kind: RoutingNameKind): readonly string[] {
    return [...this.#names(kind).keys()];
  }

  #names(kind: RoutingNameKind): ReadonlyMap<string, number> {
    let names = this.#known.get(kind);
    if (names === undefined) {
      const found = new Map(Object.entries(BUILT_IN[kind]));
      for (const folder of FOLDERS) {
        const file = `${folder}/${FILES[kind]}`;
        const more = this.#files.list(`${file}.d`).filter((name) => name.endsWith('.conf'));
        for (const path of [file, ...more.map((name) => `${file}.d/${name}`)]) {
          for (const [name, value] of parseNames(this.#files.read(path) ?? '')) found.set(name, value);
        }
      }
      names = found;
      this.#known.set(kind, names);
    }
    return names;
  }
}

/** Reads a number as strtoul(3) with base 0 does: 16, 0x10, 020. */
export function readNumber(text: string): number | undefined {
  if (/^0[xX][0-9a-fA-F]{1,8}$/.test(text)) return Number.parseInt(text, 16);
  if (/^0[0-7]{1,11}$/.test(text)) return Number.parseInt(text, 8);
  return /^(?:0|[1-9][0-9]{0,9})$/.test(text) ? Number(text) : undefined;
}

/** Lines `NUMBER NAME`, with comments after `#`. */
function parseNames(text: string): [name: string, value: number][] {
  return text.split('\n').flatMap((line): [string, number][] => {
    const [number = '', name] = (line.split('#')[0] ?? '').trim().split(/\s+/);
    const value = readNumber(number);
    return value === undefined || name === undefined ? [] : [[name, value]];
  });
}
