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

/** The page every path has. */
export const page = (path: string): string => `This is the page ${path}\n`;

function talkHttp({ plan, sick, end }: Connection): (text: string) => void {
  let request = '';
  return (text) => {
    request += text;
    if (!request.includes('\r\n\r\n')) return;
    const path = /^\S+ (\S+)/.exec(request)?.[1] ?? '/';
    const status = sick ? 500 : (plan.status?.[path] ?? 200);
    const body = page(path);
    end(`HTTP/1.0 ${status} Said\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
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
