import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseArgs } from 'node:util';
import { syslogDestination } from '../../../../services/shared/log/destination.js';
import { LOG_OPTIONS, logArguments, logFlags } from '../../../../services/shared/log/flags.js';
import { formatLine } from '../../../../services/shared/log/lineFormat.js';
import { loggerTo } from '../../../../services/shared/log/logger.js';
import { syslogDatagram } from '../../../../services/shared/log/syslog.js';

const record = { level: 40, time: Date.UTC(2026, 0, 2, 3, 4, 5, 678), service: 'vrrpd', pid: 12 };

test('a line for people has time, level, process, message and fields', () => {
  assert.equal(
    formatLine({ ...record, msg: 'VI_1 BACKUP -> MASTER', instance: 'VI_1', cause: 'no advertisement' }),
    '2026-01-02T03:04:05.678Z warn  vrrpd[12]: VI_1 BACKUP -> MASTER instance=VI_1 cause="no advertisement"\n',
  );
});

test('text from outside cannot forge a line or move the cursor', () => {
  const line = formatLine({ ...record, msg: 'bad\nJan 1 root: \u001b[2Jall good', field: 'a\nb' });
  assert.equal(line.split('\n').length, 2);
  assert.ok(!line.includes('\u001b'));
});

test('a datagram for syslog has facility and severity and no line end', () => {
  const text = syslogDatagram({ ...record, level: 50, msg: 'boom' }, 3).toString();
  assert.match(text, /^<27>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d keepwatch-vrrpd\[12\]: boom$/);
  assert.match(syslogDatagram({ ...record, level: 30, msg: 'x' }, 16).toString(), /^<134>/);
  assert.match(syslogDatagram({ ...record, msg: 'x' }, 3, 'red_a').toString(), / keepwatch-vrrpd_red_a\[12\]: x$/);
});

test('logging flags reach the services as they were given', () => {
  for (const args of [
    ['-l', '-D'],
    ['-d', '-G', '-n'],
    ['-g', '/x/y.log', '-S', 'local3'],
    ['-S', 'daemon', '--log-suffix', 'red_a'],
    [],
  ]) {
    const flags = logFlags(parseArgs({ args, options: LOG_OPTIONS }).values);
    assert.deepEqual(logFlags(parseArgs({ args: logArguments(flags), options: LOG_OPTIONS }).values), flags);
  }
  assert.equal(logFlags({ 'log-facility': '5' }).facility, 21);
  assert.throws(() => logFlags({ 'log-facility': '8' }), /0 to 7/);
});

test('a restarted syslog daemon loses no line', () => {
  const received: string[] = [];
  let generation = 0;
  const destination = syslogDestination(() => {
    const mine = ++generation;
    return (datagram) => {
      if (mine === 1 && received.length === 1) throw new Error('ECONNREFUSED');
      received.push(datagram.toString());
    };
  }, 3);
  const logger = loggerTo(destination, 'vrrpd');
  logger.info('first');
  logger.info('second');
  assert.deepEqual(
    received.map((text) => text.slice(-6).trim()),
    ['first', 'second'],
  );
  assert.equal(generation, 2);
});
