/**
 * Keepwatch from TypeScript: prints the status, orders maintenance for a minute, follows what happens, takes the order back.
 *
 *   npm install @grpc/grpc-js @grpc/proto-loader
 *   KEEPWATCH_PROTO=.../proto npx tsx client.ts
 *
 * KEEPWATCH_ADDRESS is unix:/path or host:port (default: the socket of this machine); for host:port KEEPWATCH_CERT, KEEPWATCH_KEY
 * and KEEPWATCH_CA name the certificate of this client, its key, and the authority of the server.
 */
import { readFileSync } from 'node:fs';
import { ChannelCredentials, loadPackageDefinition, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

/** The part of the API that is used here; docs/api.md has all of it. Numbers of 64 bits are strings. */
interface Status {
  readonly version: string;
  readonly services: readonly { readonly name: string; readonly health: string }[];
  readonly vrrp: { readonly instances: readonly { readonly name: string; readonly state: string }[] } | null;
}
interface Event {
  readonly origin: { readonly service: string };
  readonly supervisor?: { readonly code: string; readonly text: string };
}
interface Order {
  readonly order: { readonly id: string; readonly text: string };
}
type Unary<Reply> = (request: object, answer: (error: ServiceError | null, reply: Reply) => void) => void;
interface Control {
  readonly getStatus: Unary<{ readonly status: Status }>;
  readonly giveOrder: Unary<Order>;
  readonly revokeOrders: Unary<object>;
  readonly watchEvents: (request: object) => NodeJS.EventEmitter & { cancel(): void };
  close(): void;
}
type ControlClass = new (address: string, credentials: ChannelCredentials) => Control;

const { KEEPWATCH_ADDRESS, KEEPWATCH_CERT, KEEPWATCH_KEY, KEEPWATCH_CA, KEEPWATCH_PROTO = 'proto' } = process.env;
const address = KEEPWATCH_ADDRESS ?? 'unix:///run/keepwatch/keepwatchd.sock';

const definition = loadSync('keepwatch/v1/control.proto', {
  includeDirs: [KEEPWATCH_PROTO],
  longs: String,
  enums: String,
});
const { keepwatch } = loadPackageDefinition(definition) as unknown as {
  keepwatch: { v1: { ControlService: ControlClass } };
};
const control = new keepwatch.v1.ControlService(address, credentials());

function credentials(): ChannelCredentials {
  if (address.startsWith('unix:')) return ChannelCredentials.createInsecure();
  const read = (file: string | undefined): Buffer => readFileSync(file ?? '');
  return ChannelCredentials.createSsl(read(KEEPWATCH_CA), read(KEEPWATCH_KEY), read(KEEPWATCH_CERT));
}

/** One call with one answer. */
const ask = <Reply>(call: Unary<Reply>, request: object = {}): Promise<Reply> =>
  new Promise((resolve, reject) => {
    call.call(control, request, (error, reply) => (error === null ? resolve(reply) : reject(error)));
  });

async function main(): Promise<void> {
  const { status } = await ask(control.getStatus);
  console.log(`Keepwatch ${status.version}`);
  for (const { name, health } of status.services) console.log(`service ${name} ${health}`);
  for (const { name, state } of status.vrrp?.instances ?? []) console.log(`instance ${name} ${state}`);

  const events = control.watchEvents({});
  const ended = new Promise<void>((resolve, reject) => {
    events.on('data', ({ origin, supervisor }: Event) => {
      const what = supervisor === undefined ? 'of a service' : `${supervisor.code}: ${supervisor.text}`;
      console.log(`event ${origin.service} ${what}`);
      if (supervisor?.code === 'order-ended') resolve();
    });
    events.on('error', reject);
  });
  // Who cancels a watch hears of it as an error.
  ended.catch(() => {});
  try {
    // The watch has to be there before what it shall show.
    await new Promise((resolve) => setTimeout(resolve, 200));
    const request = { order: { standDown: {} }, ttlMs: '60000', by: 'client.ts', reason: 'example' };
    const { order } = await ask(control.giveOrder, request);
    console.log(`order ${order.id}: ${order.text}`);
    await ask(control.revokeOrders, { ids: [order.id], by: 'client.ts' });
    await ended;
  } finally {
    events.cancel();
  }
}

main()
  .catch((error: ServiceError) => {
    console.error(error.details ?? error.message);
    process.exitCode = 1;
  })
  .finally(() => control.close());
