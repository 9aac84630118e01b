/** Metrics of BFD sessions. While bfdd is silent nothing is told of their states. Pure. */
import { type BfdSession, BfdStateName } from '../shared/rpc/generated/keepwatch/v1/bfd.js';
import type { SuiteStatus } from '../shared/rpc/generated/keepwatch/v1/control.js';
import { familyOf, type MetricFamily } from './metricsFamily.js';
import { isServiceHeard } from './metricsHeard.js';

export function bfdFamilies(status: SuiteStatus): MetricFamily[] {
  const { bfd } = status;
  const sessions = bfd !== undefined && isServiceHeard(status, 'bfdd') ? bfd.sessions : [];
  const labels = ({ name, peerAddress }: BfdSession) => ({ name, peer: peerAddress });
  const perSession = (
    type: MetricFamily['type'],
    name: string,
    help: string,
    read: (session: BfdSession) => number | bigint | boolean,
  ): MetricFamily =>
    familyOf(type, name, help, sessions, (session) => ({ labels: labels(session), value: read(session) }));
  return [
    perSession(
      'gauge',
      'keepwatch_bfd_session_up',
      'The BFD session is Up.',
      ({ state }) => state === BfdStateName.BFD_STATE_NAME_UP,
    ),
    perSession(
      'gauge',
      'keepwatch_bfd_session_detection_seconds',
      'Silence after which the session is down; 0 before the first packet.',
      ({ detectionTimeUs }) => Number(detectionTimeUs) / 1_000_000,
    ),
    perSession('counter', 'keepwatch_bfd_session_went_up_total', 'Times it became Up.', ({ wentUp }) => wentUp),
    perSession('counter', 'keepwatch_bfd_session_went_down_total', 'Times it was lost.', ({ wentDown }) => wentDown),
    perSession('counter', 'keepwatch_bfd_packets_sent_total', 'Control packets sent.', (one) => one.packetsSent),
    perSession(
      'counter',
      'keepwatch_bfd_packets_received_total',
      'Control packets taken.',
      (one) => one.packetsReceived,
    ),
    perSession(
      'counter',
      'keepwatch_bfd_send_errors_total',
      'Packets that could not be sent.',
      (one) => one.sendErrors,
    ),
    familyOf('counter', 'keepwatch_bfd_drops_total', 'Packets dropped, by reason.', sessions, (session) =>
      session.drops.map(({ reason, count }) => ({ labels: { ...labels(session), reason }, value: count })),
    ),
    familyOf(
      'counter',
      'keepwatch_bfd_foreign_drops_total',
      'Packets that belong to no session, by reason.',
      sessions.length > 0 ? (bfd?.drops ?? []) : [],
      ({ reason, count }) => ({ labels: { reason }, value: count }),
    ),
  ];
}
