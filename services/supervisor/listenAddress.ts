/** Where a door of the supervisor is: the HOST:PORT of --metrics, --dashboard and others. Pure. */
import { parseIpAddress } from '../shared/net/address.js';

/** A place to listen at. */
export interface ListenAddress {
  /** IPv4 or IPv6 address without brackets, or a name. */
  readonly host: string;
  /** 0: the kernel chooses. */
  readonly port: number;
}

/** RFC 1123 2.1: labels of letters, digits and hyphens; not all digits, which is a mistyped address. */
const HOST_NAME =
  /^(?=.{1,253}$)(?![0-9.]+$)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*$/;

/** Reads `127.0.0.1:9650`, `[::1]:9650` or `localhost:9650`. Throws RangeError with a message for the user of `option`. */
export function parseListenAddress(option: string, text: string): ListenAddress {
  const refuse = (why: string): never => {
    throw new RangeError(`${option} ${text}: ${why}; wanted is HOST:PORT, for example 127.0.0.1:9650 or [::1]:9650`);
  };
  const parts = /^(?:\[([^[\]]*)\]|([^[\]:]*)):([^:]*)$/.exec(text);
  if (parts === null) {
    if (parseIpAddress(text)?.family === 6) return refuse('an IPv6 address stands in brackets before its port');
    return refuse(/^[^:]*$|^\[[^\]]*\]$/.test(text) ? 'the port is missing' : 'this is no HOST:PORT');
  }
  const [, bracketed, plain = '', portText = ''] = parts;
  if (bracketed !== undefined && parseIpAddress(bracketed)?.family !== 6) {
    return refuse(`${bracketed === '' ? 'nothing' : bracketed} between the brackets is no IPv6 address`);
  }
  const host = bracketed ?? plain;
  if (host === '')
    return refuse('the host is missing (0.0.0.0 is every IPv4 address of this machine, [::] every address)');
  if (bracketed === undefined && parseIpAddress(plain) === undefined && !HOST_NAME.test(plain)) {
    return refuse(`${plain} is neither an address nor a name`);
  }
  const port = Number(portText);
  if (!/^[0-9]{1,5}$/.test(portText) || port > 65_535)
    return refuse(`${portText === '' ? 'an empty port' : portText} is no port (0 to 65535)`);
  return { host, port };
}

/** Writes an address as in a URL: `127.0.0.1:9650`, `[::1]:9650`. */
export const formatListenAddress = ({ host, port }: ListenAddress): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

/** Whether only programs of this machine reach an address. */
export const isLoopback = (address: string): boolean => /^127\.|^::1$|^::ffff:127\./.test(address);
