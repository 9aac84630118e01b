/** Every command of README, CONTRIBUTING and docs/ is run, here or by a test that is named, or told why it is only looked at. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { parseFlags } from '../../cmd/keepwatchd/flags.js';
import { Host } from '../topology/lib/host.js';
import { keepwatchSkip } from '../topology/lib/underTest.js';
import { commandsIn, commandsOf, documents } from './lib/commands.js';
import { Machine } from './lib/machine.js';
import { type Classified, TABLE } from './lib/table.js';

/** First words that keepwatchctl knows. */
const SUBCOMMANDS = new Set(
  Array.from(
    readFileSync('docs/completion/keepwatchctl.bash', 'utf8').matchAll(/^ +' ([a-z-]+)'\) path=/gm),
    ([, name = '']) => name,
  ),
);
const FOUND = documents().flatMap((file) => commandsOf(file, SUBCOMMANDS));
/** Where each command stands. */
const PLACES = new Map<string, string[]>();
for (const { text, file, line } of FOUND) PLACES.set(text, [...(PLACES.get(text) ?? []), `${file}:${line}`]);

describe('the commands of the documentation', () => {
  it('are found where people read them', () => {
    assert.ok(SUBCOMMANDS.has('status') && SUBCOMMANDS.has('keywords'), [...SUBCOMMANDS].join(' '));
    const text = [
      '```sh',
      'sudo node dist/cmd/keepwatchctl/main.js status  # who',
      'npm install && npm \\',
      '  test',
      '```',
      'Then `keepwatchctl fmt FILE [--write\\|--check]`, not `keepwatchd` and not `status`.',
      '```',
      'a drawing',
      '```',
      '```console',
      '$ keepwatchctl reload',
      'Generation 2 is in force.',
      '```',
    ].join('\n');
    assert.deepEqual(
      commandsIn('README.md', text, SUBCOMMANDS).map(({ text: command, line }) => `${line} ${command}`),
      [
        '2 keepwatchctl status',
        '4 npm install',
        '4 npm test',
        '6 keepwatchctl fmt FILE [--write|--check]',
        '11 keepwatchctl reload',
      ],
    );
    const short = '# Operations\n`status`: who. `vrrp` is none.\n';
    assert.deepEqual(
      commandsIn('docs/operations.md', short, SUBCOMMANDS).map(({ text: command }) => command),
      ['keepwatchctl status'],
    );
    assert.throws(() => commandsIn('README.md', '```\nnpm test\n```', SUBCOMMANDS), /README\.md:2: .*```sh/);
  });

  it('are all in the table, and the table has no others', () => {
    const known = TABLE.map(({ text }) => text);
    assert.deepEqual(
      known.filter((text, index) => known.indexOf(text) !== index),
      [],
      'twice in the table',
    );
    const missing = [...PLACES]
      .filter(([text]) => !known.includes(text))
      .map(([text, at]) => `${at.join(', ')}: ${text}`);
    assert.deepEqual(missing, [], 'say in test/docs/lib/table.ts how these are tested');
    assert.deepEqual(
      known.filter((text) => !PLACES.has(text)),
      [],
      'no document has these any more',
    );
  });

  for (const { text, how } of TABLE) {
    if (how.kind === 'elsewhere')
      it(`${text}: by ${how.file}`, () => {
        assert.ok(existsSync(how.file), `${how.file} does not exist`);
        assert.ok(readFileSync(how.file, 'utf8').includes(how.says), `${how.file} does not have ${how.says}`);
      });
    if (how.kind === 'named')
      it(`${text}: a name`, () => {
        const [program, word] = text.split(' ');
        const typed = TABLE.some((other) => other.text.startsWith(`${text} `) && other.how.kind !== 'named');
        if (program === 'keepwatchctl' && word !== '…') assert.ok(typed, `nothing shows how ${text} is typed`);
      });
  }

  it('of npm are scripts, with options that those have', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
    const bench = ['bench', 'parts'].map((file) => readFileSync(`test/bench/${file}.ts`, 'utf8')).join('\n');
    for (const { text } of TABLE) {
      const [, name, words = ''] = /^npm (?:run )?(\S+)(?: -- (.*))?$/.exec(text) ?? [];
      if (name === undefined || name === 'install') continue;
      const script = scripts[name];
      assert.ok(script !== undefined, `${text}: package.json has no such script`);
      for (const [file] of script.matchAll(/[\w./-]+\.(?:ts|mjs)|\.ci\/\w+/g))
        assert.ok(existsSync(file), `${text}: ${file}`);
      if (name === 'bench')
        for (const word of words.split(' ').filter((one) => !/^(?:\d*)$/.test(one)))
          assert.ok(bench.includes(word.replace(/^--/, '')), `${text}: npm run bench does not know ${word}`);
    }
  });

  it('use flags that exist', () => {
    const sources = ['cmd/keepwatchd/flags.ts', 'docs/completion/keepwatchctl.bash', 'test/bench/bench.ts'];
    const known = sources.map((file) => readFileSync(file, 'utf8')).join('\n');
    /** Flags of other programs. */
    const foreign = new Set(['--security-opt', '--target', '--all']);
    for (const file of documents())
      for (const [, flag = ''] of readFileSync(file, 'utf8').matchAll(/`(?:-\w, )?(--[a-z][\w-]*)/g))
        assert.ok(
          foreign.has(flag) || new RegExp(`${flag}(?![\\w-])`).test(known),
          `${file}: there is no flag ${flag}`,
        );
  });
});

describe('the flags of keepalived', () => {
  const isKnown = (flag: string): boolean =>
    [[flag], [flag, 'x'], [`${flag}=x`]].some((words) => {
      try {
        parseFlags(words, {});
        return true;
      } catch (error) {
        // It may want another value.
        return !/Unknown option/.test(String(error));
      }
    });

  it('are all known', {
    skip: Host.hasProgram('keepalived') ? false : 'keepalived is not installed',
  }, () => {
    const { stdout, stderr } = spawnSync('keepalived', ['--help'], { encoding: 'utf8' });
    const flags = Array.from(`${stdout}${stderr}`.matchAll(/^ +(-\w|--[\w-]+)/gm), ([, flag = '']) => flag);
    assert.ok(flags.length > 20, flags.join(' '));
    assert.deepEqual(
      flags.filter((flag) => !isKnown(flag)),
      [],
    );
  });
});

const skip = await keepwatchSkip('tcpdump', 'timeout');

describe('the commands of the documentation, typed', { skip, timeout: 600_000 }, () => {
  let machine: Machine;
  before(async () => {
    machine = await Machine.start();
  });
  after(() => machine?.close());

  const types = async ({ text, how }: Classified): Promise<void> => {
    if (how.kind !== 'offline' && how.kind !== 'live') return;
    let last = '';
    for (const line of how.as) {
      const { status, stdout, stderr } = await machine.type(line);
      assert.ok(how.exit.includes(status), `${line}: exit status ${status}\n${stdout}${stderr}`);
      last = stdout;
    }
    assert.match(last, how.shows, `${PLACES.get(text)?.join(', ')}: ${text}`);
  };

  describe('without a suite', { concurrency: 2 }, () => {
    for (const entry of TABLE.filter(({ how }) => how.kind === 'offline')) it(entry.text, () => types(entry));
  });

  let running = false;
  for (const entry of TABLE.filter(({ how }) => how.kind === 'live'))
    it(entry.text, async () => {
      // The first of them starts the suite.
      if (!running) await machine.foreground(entry.text);
      running = true;
      await types(entry);
    });
});
