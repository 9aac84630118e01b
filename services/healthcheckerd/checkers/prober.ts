/** The real prober: picks the check by kind. */
import { ClientSockets } from '../../shared/kernel/clientSockets.js';
import { initialiseNumberFile } from '../../shared/kernel/numberFile.js';
import type { CheckResult } from '../checker.js';
import type { CheckerConfig } from '../config/checkerModel.js';
import type { Prober } from '../probe.js';
import type { SessionBoard } from '../sessionBoard.js';
import { startBfdCheck } from './bfdCheck.js';
import { startDnsCheck } from './dnsCheck.js';
import { startFileCheck } from './fileCheck.js';
import { startHttpCheck } from './httpCheck.js';
import { type ScriptTools, startMiscCheck } from './miscCheck.js';
import { startPingCheck } from './pingCheck.js';
import { startSmtpCheck } from './smtpCheck.js';
import { startTcpCheck } from './tcpCheck.js';
import { startUdpCheck } from './udpCheck.js';

/** Checks over the network and with the programs and files of this machine. */
export class SystemProber implements Prober {
  readonly #sockets: ClientSockets;
  readonly #tools: ScriptTools;
  readonly #sessions: SessionBoard;

  constructor(tools: ScriptTools, sessions: SessionBoard) {
    this.#tools = tools;
    this.#sessions = sessions;
    this.#sockets = new ClientSockets((error) => tools.logger.error(`a check failed unexpectedly: ${error.message}`));
  }

  /** `init_file` of FILE_CHECK. */
  prepare(check: CheckerConfig): void {
    if (check.kind !== 'file' || check.init === undefined) return;
    const problem = initialiseNumberFile(check.path, check.init);
    if (problem !== undefined) this.#tools.logger.warn(`track_file ${check.name}: ${problem}`);
  }

  start(check: CheckerConfig, ended: (result: CheckResult) => void, url: number): () => void {
    switch (check.kind) {
      case 'tcp':
        return startTcpCheck(check, this.#sockets, ended);
      case 'http':
        return startHttpCheck(check, url, this.#sockets, ended);
      case 'smtp':
        return startSmtpCheck(check, this.#sockets, ended);
      case 'dns':
        return startDnsCheck(check, this.#sockets, ended);
      case 'udp':
        return startUdpCheck(check, this.#sockets, ended);
      case 'ping':
        return startPingCheck(check, this.#sockets, ended);
      case 'misc':
        return startMiscCheck(check, this.#tools, ended);
      case 'file':
        return startFileCheck(check, ended);
      case 'bfd':
        return startBfdCheck(check, this.#sessions, ended);
    }
  }
}
