/** keepwatch-dbus: flags and wiring. */
import { DbusDaemon } from '../../services/dbus/daemon.js';
import { openDatagram } from '../../services/shared/kernel/openDatagram.js';
import { moduleMain } from '../../services/shared/rpc/moduleMain.js';

/** Where the system bus is (D-Bus specification, "Well-known Message Bus Instances"). */
const SYSTEM_BUS = 'unix:path=/var/run/dbus/system_bus_socket';

void moduleMain({
  name: 'dbus',
  summary: 'Offers the suite as org.keepalived.Vrrp1 on the system bus.',
  help: `      --bus ADDRESS      of the bus (default: DBUS_SYSTEM_BUS_ADDRESS, else ${SYSTEM_BUS})`,
  options: { bus: { type: 'string' } },
  openDatagram,
  run: async ({ values, ...context }) => {
    const address = values.bus ?? process.env.DBUS_SYSTEM_BUS_ADDRESS ?? SYSTEM_BUS;
    await new DbusDaemon({ ...context, address: String(address) }).run();
  },
});
