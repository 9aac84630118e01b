/** What the checkers of a real server run on; see `model.ts`. Defaults and inheritance are resolved. */
import type { SourcePosition } from '../../shared/config/position.js';
import type { ScriptCommand } from '../../shared/config/scriptCommand.js';
import type { IpAddress } from '../../shared/net/address.js';
import type { Micros } from '../../shared/time/duration.js';

/** When a checker runs and how often it must fail. */
export interface CheckerTiming {
  /** `delay_loop`: from the start of one check to the start of the next while the verdict stands. */
  readonly delayLoop: Micros;
  /** `connect_timeout`. */
  readonly connectTimeout: Micros;
  /** `retry`: additional checks after a failure before an alive server counts as dead. */
  readonly retry: number;
  /** `delay_before_retry`: from the end of a failed check to the next. */
  readonly delayBeforeRetry: Micros;
  /** `warmup`: the first check starts within this time; 0 = at once. Default: delay_loop. */
  readonly warmup: Micros;
  /** `alpha`: down until the first check succeeds. */
  readonly alpha: boolean;
  /** `log_all_failures`: every failed check of an alive server is logged, not only the last. */
  readonly logAllFailures: boolean;
}

/** Where and from where a checker connects. */
export interface CheckerEndpoint {
  /** `connect_ip`; default: the real server's address. */
  readonly address: IpAddress;
  /** `connect_port`; default: the real server's port; 0 for PING_CHECK. */
  readonly port: number;
  /** `bindto`. */
  readonly bindAddress?: IpAddress;
  /** `bind_if`: SO_BINDTODEVICE, and the zone of link-local addresses. */
  readonly bindInterface?: string;
  /** `bind_port`. */
  readonly bindPort?: number;
  /** `fwmark`: SO_MARK of the checker's packets. */
  readonly fwmark?: number;
}

interface Common {
  readonly timing: CheckerTiming;
  readonly position: SourcePosition;
}

interface Connecting extends Common {
  readonly endpoint: CheckerEndpoint;
}

/** `TCP_CHECK`: up when a connection is accepted. */
export interface TcpCheckConfig extends Connecting {
  readonly kind: 'tcp';
}

/** `PING_CHECK`: up when an ICMP echo is answered. */
export interface PingCheckConfig extends Connecting {
  readonly kind: 'ping';
}

/** An inclusive range of HTTP status codes. */
export interface StatusRange {
  readonly first: number;
  readonly last: number;
}

/** `regex` of a url and what goes with it. */
export interface RegexConfig {
  readonly pattern: string;
  /** Names as in the configuration; `PCRE2_OPTIONS` has their values. */
  readonly options: readonly string[];
  /** `regex_no_match`: a match is a failure. */
  readonly noMatch: boolean;
  /** Bytes of the body before the search begins; 0 = none. */
  readonly minOffset: number;
  /** A match starts here at the latest. */
  readonly maxOffset?: number;
  /** `regex_stack`, bytes. */
  readonly stack?: { readonly start: number; readonly max: number };
  readonly position: SourcePosition;
}

/** One `url`. */
export interface UrlConfig {
  readonly path: string;
  /** `virtualhost` of the url, else of the checker, the real server, the virtual server. */
  readonly virtualHost?: string;
  readonly status: readonly StatusRange[];
  /** MD5 of the body, 32 hexadecimal digits in lower case. */
  readonly digest?: string;
  readonly regex?: RegexConfig;
}

/** The `SSL` block: files, read when a check needs them. */
export interface TlsFiles {
  readonly ca?: string;
  readonly certificate?: string;
  readonly key?: string;
  readonly password?: string;
}

/** How SSL_GET speaks TLS. */
export interface TlsConfig {
  /** `enable_sni`. */
  readonly sni: boolean;
  /** `tls_compliant`: a connection that ends without close_notify is a failure. */
  readonly compliant: boolean;
  readonly files: TlsFiles;
}

/** `HTTP_GET` and `SSL_GET`: up when all urls answer as expected, one url with each check. */
export interface HttpCheckConfig extends Connecting {
  readonly kind: 'http';
  /** `1.0C`: HTTP/1.0 with `Connection: close`. */
  readonly protocol: '1.0' | '1.0C' | '1.1';
  readonly fastRecovery: boolean;
  /** At least one. */
  readonly urls: readonly UrlConfig[];
  /** SSL_GET. */
  readonly tls?: TlsConfig;
}

/** `SMTP_CHECK`: up when a mail server greets and takes HELO. */
export interface SmtpCheckConfig extends Connecting {
  readonly kind: 'smtp';
  readonly heloName: string;
}

/** `DNS_CHECK`: up when a query is answered without an error. */
export interface DnsCheckConfig extends Connecting {
  readonly kind: 'dns';
  /** Number of the query type (RFC 1035 3.2.2). */
  readonly type: number;
  /** Labels of the name; none for the root. */
  readonly labels: readonly string[];
}

/** `UDP_CHECK`: up when a datagram is not refused, or answered as expected. */
export interface UdpCheckConfig extends Connecting {
  readonly kind: 'udp';
  /** Absent: a text that says who asks. */
  readonly payload?: Uint8Array;
  /** Absent: no reply is waited for. */
  readonly reply?: UdpReplyConfig;
}

/** What a reply has to look like. */
export interface UdpReplyConfig {
  /** Bytes it begins with, as far as it goes, where the bits of `mask` are set; empty: anything. */
  readonly bytes: Uint8Array;
  readonly mask: Uint8Array;
  readonly minLength: number;
  readonly maxLength: number;
}

/** `MISC_CHECK`: up when a program says so. */
export interface MiscCheckConfig extends Common {
  readonly kind: 'misc';
  readonly script: ScriptCommand;
  /** `script_user`, where the script has no user of its own. */
  readonly defaultUser: { readonly user?: string; readonly group?: string };
  /** `enable_script_security`. */
  readonly security: boolean;
  readonly timeout: Micros;
  /** `misc_dynamic`: the exit status is a weight. */
  readonly dynamic: boolean;
}

/** `FILE_CHECK`: the number in a file moves the weight, or says up and down. */
export interface FileCheckConfig extends Common {
  readonly kind: 'file';
  readonly name: string;
  readonly path: string;
  /** Multiplier; 0: any number but 0 means down. */
  readonly weight: number;
  readonly reverse: boolean;
  /** `init_file`: written once, when the check is new; only where there is no file unless `overwrite`. */
  readonly init?: { readonly value: number; readonly overwrite: boolean };
}

/** `BFD_CHECK`: up while a BFD session is Up. */
export interface BfdCheckConfig extends Common {
  readonly kind: 'bfd';
  /** Name of the `bfd_instance`. */
  readonly name: string;
}

/** One checker of one real server. */
export type CheckerConfig =
  | TcpCheckConfig
  | HttpCheckConfig
  | SmtpCheckConfig
  | DnsCheckConfig
  | MiscCheckConfig
  | UdpCheckConfig
  | PingCheckConfig
  | FileCheckConfig
  | BfdCheckConfig;
