/**
 * keepalived reads most keywords with plain words (a backslash and a single quote are ordinary characters)
 * and a few, those that name scripts, files and patterns, with shell-like quoting and escapes. Both must be kept:
 * the password `it's\me` has to reach the wire as written, and `notify "/bin/x 'a b'"` has to lose its quotes.
 */

/** Keywords whose words follow the shell-like rules of keepalived.conf(5), "Quoted strings". */
const ESCAPED_KEYWORDS: ReadonlySet<string> = new Set([
  'file',
  'lvs_notify_fifo',
  'lvs_notify_fifo_script',
  'misc_path',
  'notify',
  'notify_backup',
  'notify_deleted',
  'notify_down',
  'notify_fault',
  'notify_fifo',
  'notify_fifo_script',
  'notify_master',
  'notify_master_rx_lower_pri',
  'notify_stop',
  'notify_up',
  'process',
  'quorum_down',
  'quorum_up',
  'regex',
  'script',
  'shutdown_script',
  'startup_script',
  'vrrp_notify_fifo',
  'vrrp_notify_fifo_script',
]);

/** True when the words after this keyword are read with escapes and both kinds of quotes. */
export function hasEscapedWords(keyword: string): boolean {
  return ESCAPED_KEYWORDS.has(keyword);
}
