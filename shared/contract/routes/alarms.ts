import { z } from 'zod'
import { ETag, Id, PageQuery, page, Text, TimeMs } from '../scalars.ts'
import { OperatorRef } from '../views.ts'
import { byId, route } from './route.ts'

/** What may be wrong with the installation itself, each with a sentence on screen and in the mail. */
export const AlarmKind = z.enum([
  'chain-unwritable',
  'verification-failed',
  'witness-contradiction',
  'witness-stale',
  'timestamp-late',
  'job-dead',
  'mail-undeliverable',
])
export type AlarmKind = z.infer<typeof AlarmKind>

/** Numbers and words that help the reader; never a secret, never a person's data. */
export const AlarmDetail = z.record(
  z.string().max(40),
  z.union([z.string().max(300), z.number(), z.boolean(), z.null()]),
)
export type AlarmDetail = z.infer<typeof AlarmDetail>

export const AlarmView = z.strictObject({
  id: Id,
  kind: AlarmKind,
  /** What it is about: a chain, a witness, a job. One alarm of a kind and key is open at a time. */
  key: z.string().max(200),
  severity: z.enum(['warning', 'critical']),
  detail: AlarmDetail,
  raisedAt: TimeMs,
  lastRaisedAt: TimeMs,
  times: z.number().int().min(1),
  acknowledgedAt: TimeMs.nullable(),
  acknowledgedBy: OperatorRef.nullable(),
  /** Null while it is open. */
  clearedAt: TimeMs.nullable(),
  etag: ETag,
})
export type AlarmView = z.infer<typeof AlarmView>

/** Who is told by mail of alarms, and in which language. */
export const MailRecipient = z.strictObject({ address: z.email().max(200), language: z.enum(['en', 'it']) })
export type MailRecipient = z.infer<typeof MailRecipient>

export const MailSettingsView = z.strictObject({
  recipients: z.array(MailRecipient).max(50),
  /** The mail server of the configuration file, without its password; null: none is configured and no mail is sent. */
  server: z
    .strictObject({
      host: z.string().max(255),
      port: z.number().int(),
      security: z.enum(['tls', 'starttls']),
      from: z.string().max(200),
    })
    .nullable(),
  /** Mails that wait to be sent, and those given up. */
  waiting: z.number().int(),
  undeliverable: z.number().int(),
  etag: ETag,
})
export type MailSettingsView = z.infer<typeof MailSettingsView>

export const alarmsRoutes = {
  listAlarms: route({
    method: 'GET',
    path: '/api/v1/alarms',
    summary: 'Alarms, newest first: those open, or all',
    auth: 'alarm.read',
    query: z.strictObject({ ...PageQuery, state: z.enum(['open', 'all']).default('open') }),
    answer: page(AlarmView),
  }),

  acknowledgeAlarm: route({
    method: 'PUT',
    path: '/api/v1/alarms/:id/acknowledgement',
    summary: 'Say that an alarm is seen to; it stays open until its cause is gone',
    auth: 'alarm.acknowledge',
    params: byId,
    body: z.strictObject({ note: Text(500).nullable() }),
    answer: AlarmView,
  }),

  readMailSettings: route({
    method: 'GET',
    path: '/api/v1/mail/settings',
    summary: 'Who is told by mail, and through which server',
    auth: 'mail.manage',
    answer: MailSettingsView,
  }),

  setMailSettings: route({
    method: 'PUT',
    path: '/api/v1/mail/settings',
    summary: 'Set who is told by mail',
    auth: 'mail.manage',
    changes: true,
    body: z.strictObject({ recipients: z.array(MailRecipient).max(50) }),
    answer: MailSettingsView,
  }),

  /** The answer names the job that sends it: `readJob` tells whether it left. */
  sendTestMail: route({
    method: 'POST',
    path: '/api/v1/mail/tests',
    summary: 'Send a test mail to one of the recipients',
    auth: 'mail.manage',
    creates: true,
    body: z.strictObject({ address: z.email().max(200) }),
    answer: z.strictObject({ job: Id }),
  }),
} as const
