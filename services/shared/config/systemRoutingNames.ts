import { nodeFileAccess } from './nodeFileAccess.js';
import { RoutingNames } from './routingNames.js';

/** The names of this machine, as its iproute2 has them now. */
export const systemRoutingNames = (): RoutingNames =>
  new RoutingNames({
    read: (path) => {
      const content = nodeFileAccess.read(path);
      return content.ok ? new TextDecoder().decode(content.bytes) : undefined;
    },
    list: (path) => nodeFileAccess.list(path) ?? [],
  });
