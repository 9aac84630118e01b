/** docs/api.md: services, methods and messages of proto/, with their comments. */
import { execFileSync } from 'node:child_process';

interface Location {
  readonly path?: readonly number[];
  readonly leadingComments?: string;
  readonly trailingComments?: string;
}

interface Field {
  readonly name: string;
  readonly type: string;
  readonly typeName?: string;
  readonly label?: string;
  readonly number: number;
  readonly oneofIndex?: number;
  readonly proto3Optional?: boolean;
}

interface Message {
  readonly name: string;
  readonly field?: readonly Field[];
  readonly nestedType?: readonly (Message & { readonly options?: { readonly mapEntry?: boolean } })[];
  readonly oneofDecl?: readonly { readonly name: string }[];
}

interface Enumeration {
  readonly name: string;
  readonly value: readonly { readonly name: string; readonly number?: number }[];
}

interface Method {
  readonly name: string;
  readonly inputType: string;
  readonly outputType: string;
  readonly clientStreaming?: boolean;
  readonly serverStreaming?: boolean;
}

interface ProtoFile {
  readonly name: string;
  readonly package: string;
  readonly messageType?: readonly Message[];
  readonly enumType?: readonly Enumeration[];
  readonly service?: readonly { readonly name: string; readonly method: readonly Method[] }[];
  readonly sourceCodeInfo: { readonly location: readonly Location[] };
}

/** Numbers of the parts of descriptors in paths of source locations (google/protobuf/descriptor.proto). */
const IN_FILE = { message: 4, enumeration: 5, service: 6 } as const;
const IN_MESSAGE = { field: 2, nested: 3 } as const;
const VALUE_IN_ENUM = 2;
const METHOD_IN_SERVICE = 2;

const INTRODUCTION = `# API reference

<!-- Written by npm run generate from proto/. Do not edit. -->

Everything keepwatchctl does is in this API: package \`keepwatch.v1\`, gRPC over the Unix sockets of the run directory. \`ControlService\` on
\`keepwatchd.sock\` is the one for clients; \`LifecycleService\` is on the socket of every service, beside the service's own. All of them offer the
standard health service and reflection.

Within one major version fields and methods are only added: a client that ignores what it does not know goes on working. Give every call a
deadline, but streams. Errors carry the code of gRPC and a text for people; \`INVALID_ARGUMENT\` says what to change.
Messages without fields are left out below.

`;

/** The page. Needs buf, which reads proto/ as buf.yaml says. */
export function apiReference(): string {
  const image = execFileSync('node_modules/.bin/buf', ['build', '-o', '-#format=json'], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const files = (JSON.parse(image) as { readonly file: readonly ProtoFile[] }).file.filter(({ name }) =>
    name.startsWith('keepwatch/'),
  );
  const ordered = [...files].sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
  return `${INTRODUCTION}${ordered.map(page).join('').trimEnd()}\n`;
}

const FIRST = ['control', 'lifecycle'];

/** What a client meets first stands first. */
function rank({ name }: ProtoFile): number {
  const place = FIRST.findIndex((first) => name.includes(first));
  return place < 0 ? FIRST.length : place;
}

function page(file: ProtoFile): string {
  const comments = new Map(
    file.sourceCodeInfo.location.map(({ path = [], leadingComments, trailingComments }) => [
      path.join('.'),
      (leadingComments ?? trailingComments ?? '').trim().replace(/\s+/g, ' '),
    ]),
  );
  const said = (...path: number[]): string => comments.get(path.join('.')) ?? '';
  const services = (file.service ?? []).map(
    ({ name, method }, index) =>
      `### ${name}\n\n${paragraph(said(IN_FILE.service, index))}| Method | Request | Response | |\n|---|---|---|---|\n${method
        .map((one, place) => methodRow(one, said(IN_FILE.service, index, METHOD_IN_SERVICE, place)))
        .join('')}\n`,
  );
  const messages = (file.messageType ?? []).flatMap((message, index) =>
    messageTables(message, [IN_FILE.message, index], said, ''),
  );
  const enumerations = (file.enumType ?? []).map(
    ({ name, value }, index) =>
      `### ${name}\n\n${paragraph(said(IN_FILE.enumeration, index))}| Value | | |\n|---|---|---|\n${value
        .map((one, place) =>
          row([code(one.name), String(one.number ?? 0), said(IN_FILE.enumeration, index, VALUE_IN_ENUM, place)]),
        )
        .join('')}\n`,
  );
  return `## ${file.name.replace(/^keepwatch\/v1\//, '')}\n\n${[...services, ...messages, ...enumerations].join('')}`;
}

function messageTables(
  { name, field = [], nestedType = [], oneofDecl = [] }: Message,
  path: readonly number[],
  said: (...path: number[]) => string,
  within: string,
): string[] {
  const full = `${within}${name}`;
  const maps = new Map(
    nestedType.flatMap(({ name: entry, field: parts = [], options }) =>
      options?.mapEntry === true ? [[entry, parts] as const] : [],
    ),
  );
  const rows = field.map((one, index) => {
    const choice = one.oneofIndex === undefined || one.proto3Optional === true ? undefined : oneofDecl[one.oneofIndex];
    const note = choice === undefined ? '' : `One of \`${choice.name}\`. `;
    return row([
      code(one.name),
      code(typeText(one, maps)),
      String(one.number),
      `${note}${said(...path, IN_MESSAGE.field, index)}`,
    ]);
  });
  const table =
    rows.length === 0
      ? []
      : [`### ${full}\n\n${paragraph(said(...path))}| Field | Type | | |\n|---|---|---|---|\n${rows.join('')}\n`];
  const nested = nestedType.flatMap((inner, index) =>
    inner.options?.mapEntry === true ? [] : messageTables(inner, [...path, IN_MESSAGE.nested, index], said, `${full}.`),
  );
  return [...table, ...nested];
}

function typeText(field: Field, maps: ReadonlyMap<string, readonly Field[]>): string {
  const plain = shortName(field.typeName) ?? field.type.replace(/^TYPE_/, '').toLowerCase();
  const [key, value] = maps.get(plain.slice(plain.lastIndexOf('.') + 1)) ?? [];
  if (key !== undefined && value !== undefined) return `map<${typeText(key, maps)}, ${typeText(value, maps)}>`;
  if (field.label === 'LABEL_REPEATED') return `repeated ${plain}`;
  return field.proto3Optional === true ? `optional ${plain}` : plain;
}

const shortName = (name: string | undefined): string | undefined => name?.replace(/^\.(?:keepwatch\.v1\.)?/, '');

function methodRow({ name, inputType, outputType, clientStreaming, serverStreaming }: Method, comment: string): string {
  const stream = (is: boolean | undefined, type: string): string =>
    code(`${is === true ? 'stream ' : ''}${shortName(type)}`);
  return row([code(name), stream(clientStreaming, inputType), stream(serverStreaming, outputType), comment]);
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`.replaceAll('  |', ' |');
const code = (text: string): string => `\`${text}\``;
const paragraph = (text: string): string => (text === '' ? '' : `${text}\n\n`);
