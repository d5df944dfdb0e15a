import { z } from 'zod'
import { ETag, Id, PageQuery, page, Text, TimeMs } from '../scalars.ts'
import { OperatorRef } from '../views.ts'
import { byId, route } from './route.ts'

export const JobKind = z.enum([
  'mail',
  'audit-verification',
  'audit-cleaning',
  'audit-key-rollover',
  'audit-erasure',
  'personal-data-erasure',
  'audit-export',
  'export-clearing',
  'signature-renewal',
])
export type JobKind = z.infer<typeof JobKind>

/** `dead`: tried as often as it may be; nothing more happens until someone retries it. */
export const JobState = z.enum(['waiting', 'running', 'done', 'dead'])
export type JobState = z.infer<typeof JobState>

/** `lost`: the process died or its lease ran out. `refused`: it could not succeed however often it was tried. */
export const JobOutcome = z.enum(['done', 'failed', 'refused', 'lost'])
export type JobOutcome = z.infer<typeof JobOutcome>

export const JobRunView = z.strictObject({
  attempt: z.number().int().min(1),
  node: z.string().max(100),
  startedAt: TimeMs,
  endedAt: TimeMs.nullable(),
  outcome: JobOutcome.nullable(),
  /** A code of the closed list; null where it was done. */
  error: z.string().max(60).nullable(),
})
export type JobRunView = z.infer<typeof JobRunView>

export const JobView = z.strictObject({
  id: Id,
  kind: JobKind,
  state: JobState,
  /** The schedule that made it; null for one asked for by a person or another job. */
  schedule: z.string().max(60).nullable(),
  requestedBy: OperatorRef.nullable(),
  attempts: z.number().int().min(0),
  maxAttempts: z.number().int().min(1),
  createdAt: TimeMs,
  /** Not before. */
  dueAt: TimeMs,
  endedAt: TimeMs.nullable(),
  lastError: z.string().max(60).nullable(),
  etag: ETag,
})
export type JobView = z.infer<typeof JobView>
export const JobDetailView = JobView.extend({ runs: z.array(JobRunView).max(100) })
export type JobDetailView = z.infer<typeof JobDetailView>

export const ScheduleName = z.enum([
  'audit-verification',
  'audit-verification-full',
  'audit-cleaning',
  'personal-data-erasure',
  'export-clearing',
  'signature-renewal',
])
export type ScheduleName = z.infer<typeof ScheduleName>

export const ScheduleView = z.strictObject({
  name: ScheduleName,
  kind: JobKind,
  /** Five fields: minute, hour, day of month, month, day of week. */
  cron: z.string().max(100),
  timeZone: z.string().max(60),
  enabled: z.boolean(),
  nextAt: TimeMs.nullable(),
  lastAt: TimeMs.nullable(),
  lastJob: z.strictObject({ id: Id, state: JobState }).nullable(),
  etag: ETag,
})
export type ScheduleView = z.infer<typeof ScheduleView>

const byName = z.strictObject({ name: ScheduleName })

export const jobsRoutes = {
  listJobs: route({
    method: 'GET',
    path: '/api/v1/jobs',
    summary: 'Jobs, newest first',
    auth: 'job.read',
    query: z.strictObject({ ...PageQuery, state: JobState.optional(), kind: JobKind.optional() }),
    answer: page(JobView),
  }),

  readJob: route({
    method: 'GET',
    path: '/api/v1/jobs/:id',
    summary: 'A job with each of its runs',
    auth: 'job.read',
    params: byId,
    answer: JobDetailView,
  }),

  retryJob: route({
    method: 'POST',
    path: '/api/v1/jobs/:id/retries',
    summary: 'Try a dead job again',
    auth: 'job.manage',
    params: byId,
    body: z.strictObject({ reason: Text(500) }),
    answer: JobView,
  }),

  listSchedules: route({
    method: 'GET',
    path: '/api/v1/schedules',
    summary: 'What runs by itself, and when',
    auth: 'job.read',
    answer: z.strictObject({ items: z.array(ScheduleView).max(50) }),
  }),

  setSchedule: route({
    method: 'PUT',
    path: '/api/v1/schedules/:name',
    summary: 'Change when something runs by itself, or whether',
    auth: 'job.manage',
    changes: true,
    params: byName,
    body: z.strictObject({ cron: Text(100), timeZone: Text(60), enabled: z.boolean() }),
    answer: ScheduleView,
  }),

  runSchedule: route({
    method: 'POST',
    path: '/api/v1/schedules/:name/runs',
    summary: 'Run it now, beside its schedule',
    auth: 'job.manage',
    creates: true,
    params: byName,
    answer: JobView,
  }),
} as const
