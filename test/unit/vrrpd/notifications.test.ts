import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { instant, micros } from '../../../services/shared/time/duration.js';
import type { NotifyConfig } from '../../../services/vrrpd/config/model.js';
import { notificationFor } from '../../../services/vrrpd/notifications.js';
import type { Transition } from '../../../services/vrrpd/virtualRouter.js';
import { NO_NOTIFY } from './support.js';

const transition = (to: Transition['to'], group = false): Transition => ({
  name: group ? 'VG_1' : 'VI_1',
  group,
  from: 'master',
  to,
  priority: group ? 0 : 100,
  cause: { code: 'test', text: 'test', lateness: micros(0) },
  at: new Date(0),
  monotonic: instant(0),
});

const mailsOf = (to: Transition['to'], notify: Partial<NotifyConfig>, group = false): string[] | undefined =>
  notificationFor(transition(to, group), {
    notify: { ...NO_NOTIFY, ...notify },
    routerId: 'lb1',
    mailConfigured: true,
  })?.mails.map(({ subject }) => subject);

describe('mails of a transition', () => {
  const cases: [to: Transition['to'], group: boolean, subject: string][] = [
    ['master', false, '[lb1] VRRP Instance VI_1 - Entering MASTER state'],
    ['backup', false, '[lb1] VRRP Instance VI_1 - Entering BACKUP state'],
    ['fault', false, '[lb1] VRRP Instance VI_1 - Entering FAULT state'],
    ['stop', false, '[lb1] VRRP Instance VI_1 - Stopping'],
    ['master', true, '[lb1] VRRP Group VG_1 - Entering MASTER state'],
    ['fault', true, '[lb1] VRRP Group VG_1 - Entering FAULT state'],
  ];
  for (const [to, group, subject] of cases) {
    it(`${group ? 'group' : 'instance'} ${to}: only with smtp_alert, and FAULT not with no_email_faults`, () => {
      assert.deepEqual(mailsOf(to, {}, group), []);
      assert.deepEqual(mailsOf(to, { smtpAlert: true }, group), [subject]);
      const quiet = mailsOf(to, { smtpAlert: true, noFaultMails: true }, group);
      assert.deepEqual(quiet, to === 'fault' ? [] : [subject]);
    });
  }

  it('states on the way to another are told to nobody', () => {
    assert.equal(mailsOf('leaving', { smtpAlert: true }), undefined);
    assert.equal(mailsOf('init', { smtpAlert: true }), undefined);
  });
});
