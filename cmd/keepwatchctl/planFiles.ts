/** `keepwatchctl plan FILE --against OTHER`: the difference of two files, without a suite. */
import { planChanges as planBfd } from '../../services/bfdd/planChanges.js';
import { planChanges as planHealth } from '../../services/healthcheckerd/planChanges.js';
import { configChanges as planIpvs } from '../../services/ipvsd/configChanges.js';
import { planChanges as planNotify } from '../../services/notifierd/configChanges.js';
import { wireDiagnostics } from '../../services/shared/rpc/diagnostics.js';
import { planChanges as planVrrp } from '../../services/vrrpd/planChanges.js';
import { type JudgedConfig, judgeFile } from '../keepwatchd/configTest.js';
import { exitCodeFor } from '../keepwatchd/exitCode.js';
import { findingsWithSource } from '../keepwatchd/findings.js';
import type { ConfigPlace } from '../keepwatchd/loadFile.js';
import { printPlan } from './planText.js';
import { Failure } from './target.js';

/** Tells what a reload with `next` would do to a suite that runs with `inForce`. */
export function planFiles(next: ConfigPlace, inForce: ConfigPlace, json: boolean): number {
  const before = judged(inForce);
  const after = judgeFile(next);
  const code = exitCodeFor(after.findings);
  if (!json) process.stderr.write(findingsWithSource(after.findings));
  const plan = {
    acceptable: code === 0,
    generation: 0n,
    diagnostics: wireDiagnostics(after.findings),
    changes: code === 0 ? changes(before, after) : [],
    moves: [],
  };
  printPlan(plan, { json, movesKnown: false });
  return code;
}

/** What is in force has been accepted, so it has no errors. */
function judged(place: ConfigPlace): JudgedConfig {
  const config = judgeFile(place);
  const code = exitCodeFor(config.findings);
  if (code === 0) return config;
  process.stderr.write(findingsWithSource(config.findings));
  throw new Failure(code, `${place.configFile} has errors: nothing can be compared with it`);
}

function changes({ typed: before }: JudgedConfig, { typed: after }: JudgedConfig) {
  const { notifierd, ipvsd, healthcheckerd, bfdd, vrrpd } = after;
  return [
    ...(notifierd === undefined ? [] : planNotify(before.notifierd, notifierd)),
    ...(ipvsd === undefined ? [] : planIpvs(before.ipvsd, ipvsd)),
    ...(healthcheckerd === undefined ? [] : planHealth(before.healthcheckerd, healthcheckerd)),
    ...(bfdd === undefined ? [] : planBfd(before.bfdd, bfdd)),
    ...(vrrpd === undefined ? [] : planVrrp(before.vrrpd, vrrpd)),
  ];
}
