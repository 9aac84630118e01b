/** What broke a TLS connection, in words, from what the TLS library says. Pure. */

/** Undefined: nobody was reached at all. */
export function tlsProblem(text: string): string | undefined {
  if (NOT_REACHED.test(text)) return undefined;
  return PROBLEMS.find(([pattern]) => pattern.test(text))?.[1](text) ?? ENDED;
}

const NOT_REACHED = /ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|name resolution/i;

/** A server that refuses a certificate says so only after the client's side of the handshake is done. */
const ENDED =
  'the server ended the connection: it does not take this certificate (--cert), because none of its authorities signed it, ' +
  'its time is over or it was revoked; or the server has too many connections, or stops';

const PROBLEMS: readonly (readonly [RegExp, (text: string) => string])[] = [
  [
    /ERR_TLS_CERT_ALTNAME_INVALID|does not match certificate's altnames/,
    (text) => `the certificate of the server is for other names than this address${quoted(text)}`,
  ],
  [/certificate has expired/, () => 'the certificate of the server is too old; it has to be renewed there'],
  [/certificate is not yet valid/, () => 'the certificate of the server is not valid yet; do the clocks agree?'],
  [
    /self[- ]signed certificate|unable to (?:get|verify)|certificate signature failure/,
    () => 'the certificate of the server is not trusted: --ca is not the authority that signed it',
  ],
  [/wrong version number|packet length too long/, () => 'what answers there does not speak TLS; is the port right?'],
];

/** What the certificate is for. */
const quoted = (text: string): string => {
  const [, found = ''] = /altnames: (.*?)\.? Resolution note/.exec(text) ?? [];
  return found === '' ? '' : `: ${found}`;
};
