/** What to do about an operation that the kernel refused. Pure. */
import type { IpvsOperation } from './reconcile.js';
import { serviceName } from './table.js';

/** Advice for an operation refused with an errno code; empty when the code says it all. */
export function adviceFor(operation: IpvsOperation, code: string): string {
  if (operation.kind === 'new-service' || operation.kind === 'set-service') {
    if (code === 'ENOENT') {
      const { scheduler, persistenceEngine } = operation.settings;
      const modules = [`ip_vs_${scheduler}`, ...(persistenceEngine === '' ? [] : [`ip_vs_pe_${persistenceEngine}`])];
      return `the kernel knows no such scheduler or persistence engine; load the module ${modules.join(' or ')}`;
    }
    if (code === 'EAFNOSUPPORT') return 'this kernel balances no IPv6 (CONFIG_IP_VS_IPV6)';
    if (code === 'EPROTONOSUPPORT') return `this kernel does not balance ${serviceName(operation.key)}'s protocol`;
  }
  if (code === 'EPERM') return 'run with the capability NET_ADMIN';
  if (code === 'ENOMEM') return 'the kernel has no memory for it';
  return '';
}
