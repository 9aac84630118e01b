/** A mail server that takes everything and keeps it. */
import { SMTPServer } from 'smtp-server';
import type { Host } from './host.js';
import type { Closable, Lab } from './lab.js';
import { inNetworkOf } from './namespace.js';

/** One received mail. */
export interface ReceivedMail {
  readonly at: number;
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
}

function subjectOf(text: string): string {
  const [head = ''] = text.split(/\r?\n\r?\n/);
  // A long header goes on in the next line, which begins with white space.
  const match = /^subject:[ \t]*(.*(?:\r?\n[ \t].*)*)/im.exec(head);
  return (match?.[1] ?? '').replace(/\r?\n[ \t]+/g, ' ');
}

/** A listening mail server. */
export class SmtpSink implements Closable {
  readonly mails: ReceivedMail[] = [];
  private readonly server: SMTPServer;

  private constructor() {
    this.server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['AUTH', 'STARTTLS'],
      disableReverseLookup: true,
      onData: (stream, session, done) => {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          const { mailFrom, rcptTo } = session.envelope;
          const from = mailFrom === false ? '' : mailFrom.address;
          const to = rcptTo.map(({ address }) => address);
          this.mails.push({ at: Date.now(), from, to, subject: subjectOf(text), text });
          done();
        });
      },
    });
    // A client that goes away in the middle is its own affair.
    this.server.on('error', () => undefined);
  }

  /** Listens on every address of a machine. */
  static listen(lab: Lab, host: Host, port = 25): SmtpSink {
    const sink = new SmtpSink();
    // Without an address to resolve, node creates the socket before listen() returns, which is inside the machine.
    inNetworkOf(host.pid, () => sink.server.listen(port));
    return lab.own(sink);
  }

  subjects(): string[] {
    return this.mails.map(({ subject }) => subject);
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.server.close(() => resolve()));
  }
}
