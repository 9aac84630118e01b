// Runs inside the guest as root: node --import tsx test/bench/ipvs/guest.ts SCENARIO PROGRAM …
import { execFileSync } from 'node:child_process';
import { measureChecks, measureDeaths, startBackends } from './guestChecks.js';
import { softwareNamed } from './guestSuite.js';
import { measureTable } from './guestTable.js';
import { RESULT_MARK, type Scenario, type ScenarioResult } from './scenario.js';

const [text = '', ...programs] = process.argv.slice(2);
const scenario = JSON.parse(text) as Scenario;

execFileSync('modprobe', ['ip_vs']);
execFileSync('modprobe', ['ip_vs_rr']);
const backends = scenario.kind === 'checks' ? await startBackends() : undefined;
for (const name of programs) {
  const software = softwareNamed(name);
  const result: ScenarioResult =
    scenario.kind === 'checks'
      ? await measureChecks(software, scenario)
      : scenario.kind === 'death'
        ? await measureDeaths(software, scenario)
        : await measureTable(software, scenario);
  execFileSync('ipvsadm', ['-C']);
  console.log(`${RESULT_MARK}${JSON.stringify({ [name]: result })}`);
}
backends?.kill();
