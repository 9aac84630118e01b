import assert from 'node:assert/strict';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { limitConnections } from '../../../../services/shared/rpc/connectionLimit.js';

test('what comes above the limits is closed at once; free again, the next is taken; other ports are not touched', async (context) => {
  const listen = async (): Promise<{ readonly port: number; readonly close: () => void }> => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.write('here');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { port: (server.address() as AddressInfo).port, close: () => server.close() };
  };
  const limited = await listen();
  const other = await listen();
  const unlimited = limitConnections(limited.port, { connections: 3, perAddress: 2 });
  const open: Socket[] = [];
  context.after(() => {
    unlimited();
    for (const socket of open) socket.destroy();
    limited.close();
    other.close();
  });
  /** `here` when it is taken, `closed` when not. */
  const attempt = (port: number, localAddress: string): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect({ port, host: '127.0.0.1', localAddress });
      open.push(socket);
      let said = '';
      socket.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        // Closed at once means: not much later than this.
        setTimeout(() => resolve(said), 50);
      });
      socket.on('error', () => {});
      socket.on('close', () => resolve('closed'));
    });
  const [one, two] = ['127.0.0.2', '127.0.0.3'];
  assert.equal(await attempt(limited.port, one), 'here');
  assert.equal(await attempt(limited.port, one), 'here');
  assert.equal(await attempt(limited.port, one), 'closed', 'two from one address');
  assert.equal(await attempt(limited.port, two), 'here');
  assert.equal(await attempt(limited.port, two), 'closed', 'three in all');
  assert.equal(await attempt(other.port, two), 'here');
  open[0]?.destroy();
  for (const deadline = Date.now() + 5_000; (await attempt(limited.port, one)) !== 'here'; ) {
    assert.ok(Date.now() < deadline, 'a place that is free again');
  }
});
