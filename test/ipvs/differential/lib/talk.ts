/** What backends of each kind say on a connection. Pure but for the connection it is given. */
import type { ServerPlan } from './plan.js';

/** One mail as it came. */
export interface Mail {
  readonly envelope: readonly string[];
  readonly data: string;
}

/** The other end. */
export interface Connection {
  readonly plan: ServerPlan;
  /** Answers are errors. */
  readonly sick: boolean;
  write(text: string): void;
  end(text: string): void;
  reset(): void;
  mail(mail: Mail): void;
}

/** Begins to talk; what is returned takes what is heard. */
export function talk(connection: Connection): (text: string) => void {
  switch (connection.plan.kind) {
    case 'http':
    case 'https':
      return talkHttp(connection);
    case 'smtp':
      return talkSmtp(connection);
    default:
      if (connection.sick) connection.reset();
      return () => {};
  }
}

/** The page every path has; `/large` goes on for some time. */
const page = (path: string): string =>
  path === '/large'
    ? `This is the page ${path}\n${'one line like the other\n'.repeat(800)}and the last one\n`
    : `This is the page ${path}\n`;

/** Long enough for the checker to have read what came before. */
const APART_MS = 500;

/** Where an answer is cut in two that come apart: `/apart` after its header, `/halves` within a word of the page. */
function cut(path: string, head: string, body: string): readonly [string, string] {
  const first = path === '/apart' ? '' : path === '/halves' ? body.slice(0, body.indexOf('ge')) : body;
  return [head + first, body.slice(first.length)];
}

function talkHttp({ plan, sick, write, end }: Connection): (text: string) => void {
  let request = '';
  return (text) => {
    request += text;
    if (!request.includes('\r\n\r\n')) return;
    const path = /^\S+ (\S+)/.exec(request)?.[1] ?? '/';
    const status = sick ? 500 : (plan.status?.[path] ?? 200);
    const body = page(path);
    const head = `HTTP/1.0 ${status} Said\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n`;
    const [first, last] = cut(path, head, body);
    if (last === '') {
      end(first);
      return;
    }
    write(first);
    setTimeout(() => end(last), APART_MS);
  };
}

function talkSmtp({ sick, write, end, mail }: Connection): (text: string) => void {
  if (sick) {
    end('554 no service here\r\n');
    return () => {};
  }
  write('220 mail.example ESMTP\r\n');
  let pending = '';
  let data: string | undefined;
  let envelope: string[] = [];
  const line = (text: string): void => {
    if (data !== undefined) {
      if (text !== '.') {
        data += `${text}\n`;
        return;
      }
      mail({ envelope, data });
      data = undefined;
      envelope = [];
      write('250 taken\r\n');
    } else if (/^QUIT/i.test(text)) {
      end('221 bye\r\n');
    } else if (/^DATA/i.test(text)) {
      data = '';
      write('354 go on\r\n');
    } else {
      if (/^(HELO|EHLO|MAIL|RCPT)/i.test(text)) envelope.push(text);
      write('250 fine\r\n');
    }
  };
  return (text) => {
    pending += text;
    const lines = pending.split('\r\n');
    pending = lines.pop() ?? '';
    for (const one of lines) line(one);
  };
}
