/** What the tests use of net-snmp, which brings no declarations. */
declare module 'net-snmp' {
  interface Varbind {
    oid: string;
    value: unknown;
  }
  interface Session {
    subtree(
      root: string,
      repetitions: number,
      feed: (varbinds: Varbind[]) => void,
      done: (error: Error | undefined) => void,
    ): void;
    close(): void;
  }
  export const Version2c: number;
  export function createSession(host: string, community: string, options: { port: number; version: number }): Session;
  export function createReceiver(
    options: { port: number; address: string; disableAuthorization: boolean },
    received: (error: Error | null, notification: { pdu: { varbinds: Varbind[] } }) => void,
  ): { close(): void };
}
