/** What one run in a guest has to do, made on the host, carried out by `lab.ts`. Plain data. */

/** How a backend answers. `tcp` only accepts. */
export type ServerKind = 'tcp' | 'http' | 'https' | 'smtp' | 'dns' | 'udp';

/** One listener of the world outside. */
export interface ServerPlan {
  readonly kind: ServerKind;
  readonly address: string;
  readonly port: number;
  /** `http`: status other than 200 by path. */
  readonly status?: Readonly<Record<string, number>>;
  /** `udp`: what it answers, hexadecimal; absent: what it was sent. */
  readonly reply?: string;
}

/** One thing that happens, on both sides at the same moment. */
export type LabEvent =
  /** A listener closes, answers again, or answers with errors. Without a port the address itself goes and comes. */
  | { readonly kind: 'die' | 'return' | 'sicken'; readonly address: string; readonly port: number }
  /** A file below `/run/here` gets a content. */
  | { readonly kind: 'write'; readonly file: string; readonly content: string }
  /** `ip` on the side of the daemon. */
  | { readonly kind: 'ip'; readonly words: readonly string[] };

/** Things that happen at once, after which both sides come to rest and are compared. */
export interface Round {
  readonly name: string;
  readonly events: readonly LabEvent[];
  /** Files below `/run/here` that change before both daemons get SIGHUP. */
  readonly reload?: Readonly<Record<string, string>>;
}

/** One run: both daemons, each in a world of its own with the same addresses and backends. */
export interface Plan {
  readonly name: string;
  /** Content of `/run/here/main.conf`. */
  readonly main: string;
  /** Files below `/run/here`, by name; one that begins with `#!` can be run. */
  readonly files: Readonly<Record<string, string>>;
  readonly servers: readonly ServerPlan[];
  /** Addresses of the world outside: those of backends that have no listener too. */
  readonly addresses: readonly string[];
  /** Commands in the network of each daemon before it starts. */
  readonly before: readonly (readonly string[])[];
  /** Servers that are dead when the daemons start. */
  readonly deadAtStart: readonly { readonly address: string; readonly port: number }[];
  /** The daemons are started without VRRP. */
  readonly checkersOnly: boolean;
  readonly rounds: readonly Round[];
  /** Least time before a round counts as at rest: the longest way of a failure through the checkers. */
  readonly restAfterMs: number;
  /** Lines that match are known to differ: the sides are not waited for until they are the same. */
  readonly knownToDiffer: readonly string[];
}

/** What one side shows at the end of a round. */
export interface Snapshot {
  /** `ipvsadm-save -n`, sorted. */
  readonly table: readonly string[];
  readonly timeouts: string;
  readonly daemons: readonly string[];
  /** Calls of scripts since the last round, sorted: they may run side by side. */
  readonly calls: readonly string[];
  /** Lines of the FIFO since the last round, in order. */
  readonly fifo: readonly string[];
  /** Mails since the last round: envelope, subject and body, sorted. */
  readonly mails: readonly string[];
  /** How the sender of mails called itself so far. */
  readonly mailers: readonly string[];
}

/** What a backend saw of one check. */
export interface WireRecord {
  /** `http 10.9.1.1:80`. */
  readonly server: string;
  /** Milliseconds since the world began. */
  readonly atMs: number;
  /** Bytes received as Latin-1; of a TLS connection the decrypted ones. */
  readonly request: string;
  /** TLS: the name asked for. */
  readonly sni?: string;
  /** Number of the round. */
  readonly round: number;
}

export const SIDES = ['keepalived', 'keepwatch'] as const;
export type SideName = (typeof SIDES)[number];

/** What a run found. */
export interface Findings {
  /** All rounds were carried out. */
  readonly complete: boolean;
  readonly rounds: readonly ({ readonly name: string; readonly tookMs: number } & Readonly<
    Record<SideName, Snapshot>
  >)[];
  readonly wire: Readonly<Record<SideName, readonly WireRecord[]>>;
  readonly logs: Readonly<Record<SideName, string>>;
  /** Time from SIGTERM to the end. */
  readonly stopMs: Readonly<Record<SideName, number>>;
}
