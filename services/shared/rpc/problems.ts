/** What of a status needs attention. Pure. */
import { BfdStateName } from './generated/keepwatch/v1/bfd.js';
import { ServiceHealth, type SuiteStatus } from './generated/keepwatch/v1/control.js';
import { VrrpStateName } from './generated/keepwatch/v1/vrrp.js';
import { serviceHealthText } from './serviceHealthText.js';

/** One line each; nothing when all is well. */
export function problemsOf(status: SuiteStatus): string[] {
  const problems = status.services
    .filter(({ health }) => health !== ServiceHealth.SERVICE_HEALTH_READY)
    .map(({ name, health, detail, impairments }) => {
      const why = [detail, ...impairments].filter((text) => text !== '').join('; ');
      return `${name} is ${serviceHealthText(health).toLowerCase()}${why === '' ? '' : `: ${why}`}`;
    });
  for (const { name, state, faults } of status.vrrp?.instances ?? []) {
    if (state === VrrpStateName.VRRP_STATE_NAME_FAULT) problems.push(`${name} is in FAULT: ${faults.join('; ')}`);
    if (state === VrrpStateName.VRRP_STATE_NAME_UNSPECIFIED)
      problems.push(`the state of ${name} is not known: vrrpd is silent`);
  }
  for (const { name, state, settled, detail } of status.bfd?.sessions ?? []) {
    if (state === BfdStateName.BFD_STATE_NAME_UNSPECIFIED)
      problems.push(`the state of BFD session ${name} is not known: bfdd is silent`);
    else if (state !== BfdStateName.BFD_STATE_NAME_UP && settled) problems.push(`BFD ${name}: ${detail}`);
  }
  for (const { name, quorumUp } of status.health?.virtualServers ?? []) {
    if (!quorumUp) problems.push(`${name} has lost its quorum`);
  }
  if (status.refusedReload.length > 0)
    problems.push('the last reload was refused; the configuration before it runs on');
  if (status.trial !== undefined) {
    const left = Math.ceil(Number(status.trial.remainingMs) / 1000);
    problems.push(`${status.trial.source} is on trial: it goes in ${left} s unless keepwatchctl confirm keeps it`);
  }
  if (status.upgrade !== undefined && status.upgrade.error !== '') problems.push(status.upgrade.error);
  return problems;
}
