/** The options of keepwatchd and keepwatchctl, from what their help says. */
import { execFileSync } from 'node:child_process';
import { HELP } from '../../cmd/keepwatchd/flags.js';

/** One option: `-f, --use-file FILE  text`. */
export interface CommandOption {
  readonly short?: string;
  readonly long: string;
  /** Name of its value; absent: it takes none. */
  readonly value?: string;
  /** `--config-test[=FILE]`: the value may be left out, and stands after `=`. */
  readonly valueOptional: boolean;
  readonly doc: string;
}

/** A command with its options and the commands below it. */
export interface CommandSpec {
  readonly name: string;
  readonly doc: string;
  readonly options: readonly CommandOption[];
  readonly commands: readonly CommandSpec[];
  /** It takes names of files. */
  readonly takesFiles: boolean;
}

const OPTION = /^ {2}(?: {4}|(?:(-\w), ))(--[\w-]+)(?:\[=(\w+)\]|[ =]<?([\w-]+)>?)?(?: {2,}(.*))?$/;
const PLAIN_OPTION = /^ {2}(?:(-\w), )?(--[\w-]+)(?:\[=(\w+)\]|[ =][<[]([\w.-]+)[>\]])?(?: {2,}(.*))?$/;

/** Lines of a help text; a line that goes on on the next one is one. */
const unfolded = (help: string): readonly string[] => help.replaceAll(/\n {15,}(?=\S)/g, ' ').split('\n');

function optionsOf(help: string, pattern: RegExp): readonly CommandOption[] {
  return unfolded(help).flatMap((line) => {
    const found = pattern.exec(line);
    if (found === null) return [];
    const [, short, long = '', optional, value, doc = ''] = found;
    const name = optional ?? value;
    return [
      {
        ...(short === undefined ? {} : { short }),
        long,
        ...(name === undefined ? {} : { value: name }),
        valueOptional: optional !== undefined,
        doc,
      },
    ];
  });
}

export const keepwatchd = (): CommandSpec => ({
  name: 'keepwatchd',
  doc: 'start and supervise the suite',
  options: optionsOf(HELP, OPTION),
  commands: [],
  takesFiles: false,
});

/** Asks keepwatchctl and every command of it for help. */
export const keepwatchctl = (): CommandSpec => describeCommand('keepwatchctl', '', []);

function describeCommand(name: string, doc: string, path: readonly string[]): CommandSpec {
  const help = execFileSync(process.execPath, ['--import', 'tsx', 'cmd/keepwatchctl/main.ts', ...path, '--help'], {
    encoding: 'utf8',
    env: { ...process.env, COLUMNS: '400', NO_COLOR: '1' },
  });
  const listed = /\nCommands:\n((?: {2}.*\n?)*)/.exec(help)?.[1] ?? '';
  const commands = unfolded(listed).flatMap((line) => {
    const [, sub = '', text = ''] = /^ {2}([a-z-]+)(?: [[<].*?)? {2,}(.*)$/.exec(line) ?? [];
    return sub === '' || sub === 'help' ? [] : [describeCommand(sub, text, [...path, sub])];
  });
  const usage = /^Usage: (.*)$/m.exec(help)?.[1] ?? '';
  return { name, doc, options: optionsOf(help, PLAIN_OPTION), commands, takesFiles: /file/i.test(usage) };
}
