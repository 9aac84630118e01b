/** The request keepalived's HTTP checks and genhash send. Pure. */

/** `1.0C`: HTTP/1.0 with `Connection: close`. */
export type HttpProtocol = '1.0' | '1.0C' | '1.1';

/** The whole request, byte for byte as keepalived 2.2.7 sends it. A virtual host replaces `Host` as it is, without a port. */
export function httpRequest(options: {
  readonly path: string;
  readonly protocol: HttpProtocol;
  /** Address as it stands in `Host`: IPv6 in brackets. */
  readonly host: string;
  readonly port: number;
  readonly virtualHost?: string;
}): string {
  const { path, protocol, host, port, virtualHost } = options;
  const close = protocol === '1.0' ? '' : 'Connection: close\r\n';
  return (
    `GET ${path} HTTP/${protocol === '1.1' ? '1.1' : '1.0'}\r\n` +
    `User-Agent: KeepAliveClient\r\n${close}Host: ${virtualHost ?? `${host}:${port}`}\r\n\r\n`
  );
}
