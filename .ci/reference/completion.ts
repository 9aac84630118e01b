/** Completion for bash, zsh and fish. */
import type { CommandOption, CommandSpec } from './commands.js';

const FILES = /file|dir|socket/i;
const NOTE = 'Written by npm run generate from the option tables. Do not edit.';

const words = ({ options, commands }: CommandSpec): string =>
  [
    ...options.flatMap(({ short, long }) => [...(short === undefined ? [] : [short]), long]),
    ...commands.map(({ name }) => name),
  ].join(' ');

/** A command and all below it, each with the words that lead to it. */
function flatten(
  command: CommandSpec,
  path: readonly string[] = [],
): readonly (readonly [readonly string[], CommandSpec])[] {
  return [[path, command], ...command.commands.flatMap((sub) => flatten(sub, [...path, sub.name]))];
}

export function bashCompletion(command: CommandSpec): string {
  const all = flatten(command);
  const valued = all.flatMap(([, { options }]) =>
    options.filter(({ value, valueOptional }) => value !== undefined && !valueOptional),
  );
  const names = (wanted: (option: CommandOption) => boolean): string =>
    [
      ...new Set(valued.filter(wanted).flatMap(({ short, long }) => [...(short === undefined ? [] : [short]), long])),
    ].join('|');
  const files = names(({ value = '' }) => FILES.test(value));
  const others = names(({ value = '' }) => !FILES.test(value));
  const cases = all.map(([path, spec]) => {
    const reply = `COMPREPLY=($(compgen -W '${words(spec)}' -- "$current"))`;
    const more = spec.takesFiles ? `; [[ $current != -* ]] && COMPREPLY+=($(compgen -f -- "$current"))` : '';
    return `    '${path.join(' ')}') ${reply}${more} ;;`;
  });
  return `# ${NOTE}
_${command.name}() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} path='' word
  COMPREPLY=()
  case $previous in
${files === '' ? '' : `    ${files}) COMPREPLY=($(compgen -f -- "$current")); return ;;\n`}${others === '' ? '' : `    ${others}) return ;;\n`}    *) ;;
  esac
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$path \${word}" in
${
  all
    .filter(([path]) => path.length > 0)
    .map(([path]) => `      '${path.length === 1 ? ' ' : ''}${path.join(' ')}') path='${path.join(' ')}' ;;`)
    .join('\n') || '      *) ;;'
}
    esac
  done
  case $path in
${cases.join('\n')}
    *) ;;
  esac
}
complete -o filenames -F _${command.name} ${command.name}
`;
}

const zshText = (text: string): string => text.replaceAll("'", "'\\''").replaceAll(/[[\]:]/g, '\\$&');

function zshOption({ short, long, value, valueOptional, doc }: CommandOption): string {
  const action = value === undefined ? '' : FILES.test(value) ? `:${value}:_files` : `:${value}:`;
  const one = (name: string, joint: string): string =>
    `'${name}${joint}[${zshText(doc)}]${valueOptional ? `:${action}` : action}'`;
  const optional = valueOptional ? '=-' : value === undefined ? '' : '=';
  return [
    ...(short === undefined ? [] : [one(short, valueOptional ? '-' : value === undefined ? '' : '+')]),
    one(long, optional),
  ].join(' \\\n    ');
}

export function zshCompletion(command: CommandSpec): string {
  const functions = flatten(command).map(([path, spec]) => zshFunction(command.name, path, spec));
  return `#compdef ${command.name}\n# ${NOTE}\n${functions.reverse().join('\n')}\n_${command.name} "$@"\n`;
}

function zshFunction(root: string, path: readonly string[], { options, commands, takesFiles }: CommandSpec): string {
  const name = `_${[root, ...path].join('_').replaceAll('-', '_')}`;
  const lines = options.map(zshOption);
  if (takesFiles) lines.push("'*:file:_files'");
  if (commands.length === 0) return `${name}() {\n  _arguments \\\n    ${lines.join(' \\\n    ')}\n}`;
  const listed = commands.map((sub) => `'${sub.name}:${zshText(sub.doc)}'`).join(' ');
  const cases = commands.map((sub) => `      ${sub.name}) ${name}_${sub.name.replaceAll('-', '_')} ;;`).join('\n');
  return `${name}() {
  local context state line
  typeset -A opt_args
  local -a commands=(${listed})
  _arguments -C \\
    ${lines.join(' \\\n    ')} \\
    '1:command:->command' '*::argument:->argument'
  case $state in
    command) _describe command commands ;;
    argument)
      case $line[1] in
${cases}
      esac ;;
  esac
}`;
}

const fishText = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

export function fishCompletion(command: CommandSpec): string {
  const lines = flatten(command).flatMap(([path, { options, commands, takesFiles }]) => {
    const children = commands.map(({ name }) => name).join(' ');
    const conditions = [
      ...path.map((word) => `__fish_seen_subcommand_from ${word}`),
      ...(children === '' ? [] : [`not __fish_seen_subcommand_from ${children}`]),
    ];
    const head = `complete -c ${command.name}${conditions.length === 0 ? '' : ` -n ${fishText(conditions.join('; and '))}`}`;
    return [
      ...commands.map(({ name, doc }) => `${head} -f -a ${name} -d ${fishText(doc)}`),
      ...options.map(({ short, long, value, valueOptional, doc }) => {
        const takes = value === undefined || valueOptional ? '' : FILES.test(value) ? ' -r' : ' -x';
        return `${head}${short === undefined ? '' : ` -s ${short.slice(1)}`} -l ${long.slice(2)}${takes} -d ${fishText(doc)}`;
      }),
      ...(takesFiles ? [`${head} -F`] : []),
    ];
  });
  return `# ${NOTE}\ncomplete -c ${command.name} -f\n${lines.join('\n')}\n`;
}
