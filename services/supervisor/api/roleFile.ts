/** The file that says which certificates have which role: one `ROLE FIELD=VALUE` a line, the first that fits counts. Pure. */
import { closest } from '../../shared/config/suggest.js';
import { type CertificateName, NAME_FIELDS, type NameField } from './certificateNames.js';
import { ROLES, type Role } from './role.js';

/** One line. */
export interface RoleRule {
  readonly role: Role;
  readonly field: NameField;
  readonly value: string;
}

/** Without a file the certificate says it itself. */
export const RULES_WITHOUT_FILE: readonly RoleRule[] = (['admin', 'operator', 'viewer'] as const).map((role) => ({
  role,
  field: 'OU',
  value: `keepwatch-${role}`,
}));

const MAX_LINES = 10_000;

/** Reads the file. Throws an Error whose message names the line and what is wrong with it. */
export function parseRoleFile(text: string): readonly RoleRule[] {
  const lines = text.split('\n');
  if (lines.length > MAX_LINES) throw new Error(`more than ${MAX_LINES} lines; give roles by OU instead`);
  return lines.flatMap((line, index) => {
    const content = line.replace(/^\s*#.*$/, '').trim();
    return content === '' ? [] : [parseLine(content, index + 1)];
  });
}

function parseLine(content: string, number: number): RoleRule {
  const refuse = (why: string): never => {
    throw new Error(`line ${number}: ${why}`);
  };
  const [, roleWord = '', rest = ''] = /^(\S+)\s*(.*)$/.exec(content) ?? [];
  const role = ROLES.find((known) => known === roleWord);
  if (role === undefined) return refuse(`'${roleWord}' is no role${meant(roleWord, ROLES)}`);
  const [, fieldWord = '', value = ''] = /^([^\s=]+)\s*=\s*(.*)$/.exec(rest) ?? [];
  const field = NAME_FIELDS.find((known) => known === fieldWord.toUpperCase());
  if (fieldWord === '') return refuse(`after the role stands FIELD=VALUE, for example '${role} CN=alice'`);
  if (field === undefined) return refuse(`'${fieldWord}' is no field of a certificate${meant(fieldWord, NAME_FIELDS)}`);
  if (value === '') return refuse(`${field}= has no value`);
  return { role, field, value: field === 'SERIAL' ? value.toUpperCase().replaceAll(':', '') : value };
}

const meant = (word: string, known: readonly string[]): string => {
  const near = closest(word, known);
  return `${near === undefined ? '' : `, did you mean '${near}'?`}; there are ${known.join(', ')}`;
};

/** The role of a certificate with these names: that of the first rule that fits; none when none does. */
export function roleOf(names: readonly CertificateName[], rules: readonly RoleRule[]): Role {
  const rule = rules.find(({ field, value }) => names.some((name) => name.field === field && name.value === value));
  return rule?.role ?? 'none';
}
