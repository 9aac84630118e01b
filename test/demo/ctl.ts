/** Shows a suite through keepwatchctl, as an operator would. */
import { type ChildProcess, spawn } from 'node:child_process';
import { run } from '../topology/lib/command.js';
import type { Closable, Lab } from '../topology/lib/lab.js';
import type { Router } from '../topology/lib/router.js';
import { builtCommand } from '../topology/lib/software.js';
import { live } from './story.js';

const command = (router: Router, ...args: readonly string[]): string[] => [
  process.execPath,
  builtCommand('keepwatchctl'),
  ...args,
  '--run-dir',
  router.paths.runDirectory,
];

/** The story has a clock of its own. */
const OWN_CLOCK = /^\d{4}-\S+Z\s+/;

export function status(router: Router): Promise<string> {
  return run(command(router, 'status'));
}

/** Runs `keepwatchctl watch` and passes its lines on until the lab closes or the router dies. */
export class Watch implements Closable {
  private partial = '';

  private constructor(private readonly child: ChildProcess) {}

  static start(lab: Lab, router: Router): Watch {
    const [file = '', ...args] = command(router, 'watch');
    const watch = new Watch(spawn(file, args, { stdio: ['ignore', 'pipe', 'ignore'] }));
    watch.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (watch.partial + text).split('\n');
      watch.partial = lines.pop() ?? '';
      for (const line of lines.filter((each) => each.trim() !== '')) live(router.name, line.replace(OWN_CLOCK, ''));
    });
    return lab.own(watch);
  }

  close(): void {
    this.child.kill('SIGKILL');
  }
}
