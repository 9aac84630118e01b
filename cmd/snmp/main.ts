/** keepwatch-snmp: flags and wiring. */
import { hostname } from 'node:os';
import { openDatagram } from '../../services/shared/kernel/openDatagram.js';
import { moduleMain } from '../../services/shared/rpc/moduleMain.js';
import { SnmpAgent } from '../../services/snmp/agent.js';
import { systemMachine } from '../../services/snmp/machine.js';

void moduleMain({
  name: 'snmp',
  summary: 'Shows the suite by SNMP: a sub-agent (AgentX) of snmpd.',
  help: `  -x, --snmp             serve everything, whatever the configuration asks for
  -A, --snmp-agent-socket SOCKET  where snmpd takes sub-agents (default: snmp_socket)`,
  options: {
    snmp: { type: 'boolean', short: 'x' },
    'snmp-agent-socket': { type: 'string', short: 'A' },
  },
  openDatagram,
  run: async ({ values, ...context }) => {
    const everything = values.snmp === true;
    const socket = values['snmp-agent-socket'];
    await new SnmpAgent({ ...context, machine: systemMachine(hostname()), everything, socket }).run();
  },
});
