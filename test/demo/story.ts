/** Tells on the terminal what happens, and keeps count of what had to happen and did not. */
import pc from 'picocolors';

/** A step that did not come true ends the demo with its reason. */
export class StepFailed extends Error {
  constructor(
    readonly step: string,
    reason: string,
  ) {
    super(reason);
  }
}

const startedAt = performance.now();

function clock(): string {
  return pc.dim(`${((performance.now() - startedAt) / 1_000).toFixed(1).padStart(5)}s`);
}

export function title(text: string): void {
  console.log(`\n${pc.bold(text)}`);
}

export function say(text: string): void {
  console.log(`${clock()}   ${text}`);
}

/** Lines of something shown as it is. */
export function quote(text: string): void {
  for (const line of text.trimEnd().split('\n')) console.log(`         ${pc.dim('│')} ${line}`);
}

/** What one router does, as it happens. */
export function live(router: string, line: string): void {
  console.log(`${clock()}   ${pc.cyan(router)} ${pc.dim('│')} ${line}`);
}

/** Does a step and says how it ended; `done` is given the result and tells it in words. */
export async function step<T>(text: string, action: () => Promise<T>, done?: (result: T) => string): Promise<T> {
  try {
    const result = await action();
    const more = done?.(result);
    console.log(`${clock()} ${pc.green('✓')} ${text}${more ? `: ${more}` : ''}`);
    return result;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    console.log(`${clock()} ${pc.red('✗')} ${text}: ${reason}`);
    throw new StepFailed(text, reason);
  }
}

/** The last words. */
export function verdict(failure: StepFailed | undefined): void {
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  if (failure) console.log(`\n${pc.red('✗')} ${pc.bold('not all of it happened')}: ${failure.step} (${seconds} s)`);
  else console.log(`\n${pc.green('✓')} ${pc.bold('all of it happened')} in ${seconds} s`);
}
