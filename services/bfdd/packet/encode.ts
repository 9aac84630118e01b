import {
  type ControlPacket,
  FLAG_CONTROL_PLANE_INDEPENDENT,
  FLAG_DEMAND,
  FLAG_FINAL,
  FLAG_POLL,
  MANDATORY_BYTES,
  PROTOCOL_VERSION,
  SESSION_STATES,
} from './controlPacket.js';

/**
 * Writes a control packet without authentication (RFC 5880 section 4.1).
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-----+---------+---+-+-+-+-+-+-+---------------+---------------+
 * |Vers |  Diag   |Sta|P|F|C|A|D|M|  Detect Mult  |    Length     |
 * +-----+---------+---+-+-+-+-+-+-+---------------+---------------+
 * |                       My Discriminator                        |
 * |                      Your Discriminator                       |
 * |                 Desired Min TX Interval (µs)                  |
 * |                Required Min RX Interval (µs)                  |
 * |              Required Min Echo RX Interval (µs)               |
 * +---------------------------------------------------------------+
 * ```
 */
export function encodeControlPacket(packet: ControlPacket): Buffer {
  const bytes = Buffer.alloc(MANDATORY_BYTES);
  bytes[0] = (PROTOCOL_VERSION << 5) | (packet.diagnostic & 0x1f);
  bytes[1] =
    (SESSION_STATES.indexOf(packet.state) << 6) |
    (packet.poll ? FLAG_POLL : 0) |
    (packet.final ? FLAG_FINAL : 0) |
    (packet.controlPlaneIndependent ? FLAG_CONTROL_PLANE_INDEPENDENT : 0) |
    (packet.demand ? FLAG_DEMAND : 0);
  bytes[2] = packet.detectMultiplier;
  bytes[3] = MANDATORY_BYTES;
  bytes.writeUInt32BE(packet.myDiscriminator, 4);
  bytes.writeUInt32BE(packet.yourDiscriminator, 8);
  bytes.writeUInt32BE(packet.desiredMinTx, 12);
  bytes.writeUInt32BE(packet.requiredMinRx, 16);
  bytes.writeUInt32BE(packet.requiredMinEchoRx, 20);
  return bytes;
}
