/** The commands that the documentation tells people to type: those of its code blocks and those inside its sentences. */
import { readdirSync, readFileSync } from 'node:fs';

/** One command, as it has to be typed, and where it stands. */
export interface DocumentedCommand {
  /** Without sudo, prompt, comment and line breaks; ours by their installed names. */
  readonly text: string;
  readonly file: string;
  readonly line: number;
}

/** Files whose commands people type. Generated references have none of their own. */
export function documents(): readonly string[] {
  const inDocs = readdirSync('docs').filter((name) => name.endsWith('.md'));
  return ['README.md', 'CONTRIBUTING.md', ...inDocs.map((name) => `docs/${name}`).sort()];
}

const SHELL = new Set(['sh', 'bash', 'console', 'shell']);
/** Words that begin a command inside a sentence. */
const PROGRAMS =
  /^(?:(?:\w+=\S+ )*(?:sudo |node |npm |npx |docker |podman |buildah |systemctl |journalctl |apt |apt-get |modprobe |tcpdump |buf |git |snmpwalk |snmpget |dbus-send |busctl |curl |promtool |openssl )|keepwatch(?:d|ctl|-\w+) )/;
/** Documents that leave the name of keepwatchctl away, as they say themselves; from this heading to the next one of its rank. */
const SHORTENED: ReadonlyMap<string, RegExp> = new Map([
  ['docs/operations.md', /^# Operations/],
  ['docs/running.md', /^## keepwatchctl/],
]);

/** All commands of a document, in order. `subcommands`: the first words that keepwatchctl knows. */
export function commandsOf(file: string, subcommands: ReadonlySet<string>): readonly DocumentedCommand[] {
  return commandsIn(file, readFileSync(file, 'utf8'), subcommands);
}

/** The same of a text. Throws where a code block holds commands and does not say so. */
export function commandsIn(file: string, text: string, subcommands: ReadonlySet<string>): readonly DocumentedCommand[] {
  const found: DocumentedCommand[] = [];
  const shortened = SHORTENED.get(file);
  let shortRank = 0;
  let fence: string | undefined;
  let pending = '';
  text.split('\n').forEach((raw, index) => {
    const add = (command: string): void => {
      for (const one of separate(command)) found.push({ text: one, file, line: index + 1 });
    };
    const mark = /^\s*```(\S*)/.exec(raw);
    if (mark) {
      fence = fence === undefined ? (mark[1] ?? '') : undefined;
      return;
    }
    if (fence !== undefined) {
      if (SHELL.has(fence)) {
        // In a session only the lines with a prompt are commands; the others are what comes back.
        const line = fence === 'console' ? /^\s*[$#] (.*)$/.exec(raw)?.[1] : raw;
        if (line === undefined) return;
        pending += line.trimEnd();
        if (pending.endsWith('\\')) pending = `${pending.slice(0, -1)} `;
        else {
          add(pending);
          pending = '';
        }
      } else if (fence === '' && PROGRAMS.test(`${raw.trim()} `)) {
        throw new Error(`${file}:${index + 1}: a code block with commands has to begin with \`\`\`sh`);
      }
      return;
    }
    const heading = /^(#+) /.exec(raw);
    if (heading && shortened?.test(raw)) shortRank = heading[1]?.length ?? 0;
    else if (heading && (heading[1]?.length ?? 0) <= shortRank) shortRank = 0;
    for (const [, span = ''] of raw.matchAll(/`([^`]+)`/g)) {
      const words = span.replaceAll('\\|', '|').trim();
      if (PROGRAMS.test(`${words} `) && /^\S+ \S/.test(words)) add(words);
      else if (shortRank > 0 && subcommands.has(words.split(' ')[0] ?? '')) add(`keepwatchctl ${words}`);
    }
  });
  return found;
}

/** The single commands of a line, each as it is classified. */
function separate(line: string): readonly string[] {
  return line
    .replace(/(^|\s)#.*$/, '')
    .split(/\s&&\s/)
    .map((command) =>
      command
        .trim()
        .replaceAll(/\s+/g, ' ')
        .replace(/^sudo /, '')
        .replace(/^node dist\/cmd\/(\S+)\/main\.js/, '$1'),
    )
    .filter((command) => command !== '');
}
