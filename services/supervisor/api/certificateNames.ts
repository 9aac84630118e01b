/** The names in a client's certificate, as role files and the audit log use them. Pure. */

/** The fields of a certificate that may be given a role. */
export const NAME_FIELDS = ['CN', 'OU', 'O', 'DNS', 'URI', 'EMAIL', 'SERIAL'] as const;
export type NameField = (typeof NAME_FIELDS)[number];

/** One name: `CN=alice`. */
export interface CertificateName {
  readonly field: NameField;
  readonly value: string;
}

/** The part of what TLS tells of a peer's certificate that matters here. */
export interface PeerCertificateFacts {
  readonly subject?: Readonly<Partial<Record<string, string | string[]>>>;
  /** `DNS:a.example, URI:"spiffe://b, c", email:d@example`: values with special characters are JSON strings. */
  readonly subjectaltname?: string;
  readonly serialNumber?: string;
}

/** Every name of a certificate, those of the subject first. */
export function certificateNames(certificate: PeerCertificateFacts): readonly CertificateName[] {
  const { subject = {}, subjectaltname = '', serialNumber = '' } = certificate;
  const bySubject = (['CN', 'OU', 'O'] as const).flatMap((field) =>
    [subject[field] ?? []].flat().map((value) => ({ field, value })),
  );
  const serial = serialNumber === '' ? [] : [{ field: 'SERIAL' as const, value: serialNumber.toUpperCase() }];
  return [...bySubject, ...alternativeNames(subjectaltname), ...serial];
}

const ALTERNATIVE_FIELDS: ReadonlyMap<string, NameField> = new Map([
  ['DNS', 'DNS'],
  ['URI', 'URI'],
  ['email', 'EMAIL'],
]);

function alternativeNames(text: string): CertificateName[] {
  const found: CertificateName[] = [];
  // Sticky: text that is no list of names ends the reading, so that nothing inside a value passes for a name of its own.
  const entry = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,"]*)(?:, |$)/y;
  for (let match = entry.exec(text); match !== null && match[0] !== ''; match = entry.exec(text)) {
    const [, kind = '', written = ''] = match;
    const field = ALTERNATIVE_FIELDS.get(kind);
    const value = written.startsWith('"') ? unquoted(written) : written;
    if (field !== undefined && value !== undefined) found.push({ field, value });
  }
  return found;
}

function unquoted(text: string): string | undefined {
  try {
    return String(JSON.parse(text));
  } catch {
    // A name that cannot be read gives nobody a role.
    return undefined;
  }
}

/** `CN=alice OU=ops serial 0A1B`: whom the audit log names. */
export function whoIs(names: readonly CertificateName[]): string {
  const of = (...fields: NameField[]): string[] =>
    names.filter(({ field }) => fields.includes(field)).map(({ field, value }) => `${field}=${printable(value)}`);
  const subject = of('CN', 'OU');
  const shown = subject.length > 0 ? subject : of('URI', 'DNS', 'EMAIL', 'O').slice(0, 1);
  const serial = names.find(({ field }) => field === 'SERIAL');
  return (
    [...shown, ...(serial === undefined ? [] : [`serial ${serial.value}`])].join(' ') || 'a certificate without names'
  );
}

const MAX_NAME_LENGTH = 100;

/** A name as it may stand in a log: one line, not too long, no control characters. */
function printable(value: string): string {
  const text = value.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '?');
  return text.length > MAX_NAME_LENGTH ? `${text.slice(0, MAX_NAME_LENGTH)}…` : text;
}
