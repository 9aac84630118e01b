import { UnixDatagramSender } from './unixDatagram.js';

/** Opens a sender of datagrams to the Unix socket at `path`, as the log wants it for syslog. Throws KernelError. */
export function openDatagram(path: string): (bytes: Buffer) => void {
  const sender = new UnixDatagramSender();
  return (bytes) => sender.send(path, bytes);
}
