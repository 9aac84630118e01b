/** Where a master agent listens, as net-snmp spells it. Pure. */
export type Endpoint =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** AgentX over TCP (RFC 2741, 8.1.1). */
const AGENTX_PORT = 705;

/** Reads `unix:/var/agentx/master`, `/var/agentx/master`, `tcp:host:port` or `tcp6:[address]:port`; why not, in words. */
export function parseEndpoint(text: string): Endpoint | { readonly problem: string } {
  const path = /^(?:unix:)?(\/.+)$/.exec(text)?.[1];
  if (path !== undefined) return { kind: 'unix', path };
  const transport = /^([a-z0-9]+):(.*)$/.exec(text);
  const name = transport?.[1] ?? 'tcp';
  if (name !== 'tcp' && name !== 'tcp6') {
    return { problem: `${text}: AgentX goes over a Unix socket or TCP: unix:PATH or tcp:HOST:PORT` };
  }
  const [, host = '', port] = /^\[?([^\]]*?)\]?(?::(\d{1,5}))?$/.exec(transport?.[2] ?? text) ?? [];
  const number = port === undefined ? AGENTX_PORT : Number(port);
  if (host === '' || number === 0 || number > 65_535) return { problem: `${text}: is no host and port` };
  return { kind: 'tcp', host, port: number };
}
