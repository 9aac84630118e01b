/** VrrpService: what the instances are told from outside. */
import { VrrpServiceDefinition } from '../shared/rpc/generated/keepwatch/v1/vrrp.js';
import { type RpcService, rpcService } from '../shared/rpc/server.js';
import type { VrrpService } from './service.js';

export const vrrpRpcService = (behaviour: VrrpService): RpcService =>
  rpcService(
    VrrpServiceDefinition,
    {
      informBfd: async ({ sessions }) => {
        behaviour.informBfd(sessions);
        return {};
      },
    },
    // Impairments concern single instances; being told of sessions works all the same.
    () => true,
  );
