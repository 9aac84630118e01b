/** The commands that order something for a while: their flags and words. What they do is in order.ts. */
import type { Command } from 'commander';
import type { Order } from '../../services/shared/rpc/generated/keepwatch/v1/order.js';
import { countOf, durationOf } from './arguments.js';
import type { Target } from './target.js';

interface OrderFlags {
  readonly ttl?: string;
  readonly reason: string;
  readonly of?: string;
  readonly json?: boolean;
}

/** Runs a command that talks to the suite. */
type WithSuite = <Options extends object>(
  command: Command,
  action: (target: Target, options: Options) => Promise<number>,
) => Promise<void>;

/** Adds the commands to `program`. */
export function orderCommands(program: Command, withSuite: WithSuite): void {
  const forAWhile = (command: Command, ttl?: string): Command =>
    command
      .option('--ttl <duration>', 'how long it holds, such as 30m or 2h (default: until it is taken back)', ttl)
      .option('--reason <text>', 'why, for the status and the history', '')
      .option('--json', 'print protobuf JSON');

  /** Runs a command that gives an order. */
  const give = (command: Command, action: NonNullable<Order['action']>): Promise<void> =>
    withSuite(command, async (target, { ttl, reason, json }: OrderFlags) =>
      (await import('./order.js')).giveOrder(target, action, {
        ttlMs: ttl === undefined ? undefined : durationOf(ttl, '--ttl'),
        reason,
        json: json === true,
      }),
    );

  /** Runs a command that takes orders back. */
  const takeBack = (command: Command, action: NonNullable<Order['action']>): Promise<void> =>
    withSuite(command, async (target, { json }: Pick<OrderFlags, 'json'>) =>
      (await import('./order.js')).revokeOrder(target, action, json === true),
    );

  const poolOf = (command: Command): string => command.opts<OrderFlags>().of ?? '';

  const maintenance = program
    .command('maintenance')
    .description('have other routers take over, and take no part but as the last resort');
  forAWhile(maintenance.command('on'))
    .description('all instances, or one with its sync group, hand over; exit 1 when no other router takes over')
    .argument('[instance]', 'only this instance')
    .action((instance: string | undefined, _options, command: Command) =>
      give(command, { $case: 'standDown', value: { instance: instance ?? '' } }),
    );
  maintenance
    .command('off')
    .description('take part again')
    .argument('[instance]', 'only this instance')
    .option('--json', 'print protobuf JSON')
    .action((instance: string | undefined, _options, command: Command) =>
      takeBack(command, { $case: 'standDown', value: { instance: instance ?? '' } }),
    );
  forAWhile(program.command('failover'), '1h')
    .description('hand one instance over to another router; exit 1 when none takes over')
    .argument('<instance>', 'VRRP instance; its sync group goes with it')
    .action((instance: string, _options, command: Command) =>
      give(command, { $case: 'standDown', value: { instance } }),
    );
  const priority = program.command('priority').description('another priority than the configured one');
  forAWhile(priority.command('set'))
    .description('this priority instead of the configured one')
    .argument('<instance>', 'VRRP instance')
    .argument('<priority>', '1 to 254; trackers count on top of it')
    .action((instance: string, value: string, _options, command: Command) =>
      give(command, { $case: 'setPriority', value: { instance, priority: countOf(value, 'priority', 254) } }),
    );
  priority
    .command('reset')
    .description('the configured priority again')
    .argument('<instance>', 'VRRP instance')
    .option('--json', 'print protobuf JSON')
    .action((instance: string, _options, command: Command) =>
      takeBack(command, { $case: 'setPriority', value: { instance, priority: 0 } }),
    );

  const REAL_SERVER = 'as the status has it, or address, or address:port';
  const POOL = 'only in this virtual server (default: in all)';
  forAWhile(program.command('drain'))
    .description('weight 0: a real server keeps its connections and gets no new ones')
    .argument('<real-server>', REAL_SERVER)
    .option('--of <virtual-server>', POOL)
    .action((realServer: string, _options, command: Command) =>
      give(command, { $case: 'setWeight', value: { virtualServer: poolOf(command), realServer, weight: 0 } }),
    );
  forAWhile(program.command('weight'))
    .description('another weight than the configured one and what checkers make of it')
    .argument('<real-server>', REAL_SERVER)
    .argument('<weight>', '0 to 65535')
    .option('--of <virtual-server>', POOL)
    .action((realServer: string, weight: string, _options, command: Command) =>
      give(command, {
        $case: 'setWeight',
        value: { virtualServer: poolOf(command), realServer, weight: countOf(weight, 'weight', 65_535) },
      }),
    );
  program
    .command('enable')
    .description('end what drain or weight ordered')
    .argument('<real-server>', 'as it was ordered')
    .option('--of <virtual-server>', 'as it was ordered')
    .option('--json', 'print protobuf JSON')
    .action((realServer: string, _options, command: Command) =>
      takeBack(command, { $case: 'setWeight', value: { virtualServer: poolOf(command), realServer, weight: 0 } }),
    );
  const realServerCommand = program.command('real-server').description('add and take out real servers for a while');
  forAWhile(realServerCommand.command('add'))
    .description('add a real server, checked as the first one of the virtual server is')
    .argument('<virtual-server>', 'as the status has it, or address:port')
    .argument('<address>', 'of the real server')
    .option('--port <port>', 'its port (default: that of the first one)', '0')
    .option('--weight <weight>', 'its weight', '1')
    .action((virtualServer: string, address: string, _options, command: Command) => {
      const { port, weight } = command.opts<{ readonly port: string; readonly weight: string }>();
      return give(command, {
        $case: 'addServer',
        value: {
          virtualServer,
          address,
          port: countOf(port, '--port', 65_535),
          weight: countOf(weight, '--weight', 65_535),
        },
      });
    });
  forAWhile(realServerCommand.command('remove'))
    .description('take a configured real server out of the table, connections and all')
    .argument('<real-server>', REAL_SERVER)
    .option('--of <virtual-server>', POOL)
    .action((realServer: string, _options, command: Command) =>
      give(command, { $case: 'removeServer', value: { virtualServer: poolOf(command), realServer } }),
    );
  realServerCommand
    .command('restore')
    .description('end what add or remove ordered')
    .argument('<id>', 'id of the order, as the status shows it')
    .option('--json', 'print protobuf JSON')
    .action((id: string, _options, command: Command) =>
      withSuite(command, async (target, { json }: Pick<OrderFlags, 'json'>) =>
        (await import('./order.js')).revokeById(target, id, json === true),
      ),
    );
}
