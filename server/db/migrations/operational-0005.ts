import { sql } from 'kysely'
import type { Compilable } from 'kysely'
import { index, table } from './columns.ts'
import type { ColumnSpec, Migration, TableSpec } from './columns.ts'

const text: ColumnSpec = { type: 'text' }
const optionalText: ColumnSpec = { type: 'text', optional: true }
const time: ColumnSpec = { type: 'time' }
const optionalTime: ColumnSpec = { type: 'time', optional: true }
const number: ColumnSpec = { type: 'number' }
const json: ColumnSpec = { type: 'json' }
const oneOf = (...values: string[]): ColumnSpec => ({ type: 'text', values })

const entity = {
  id: { type: 'text', primary: true },
  tenant: { type: 'text', references: 'tenant.id' },
  version: { type: 'number', default: 1 },
  created_at: time,
  updated_at: time,
} satisfies TableSpec

const tables: Readonly<Record<string, TableSpec>> = {
  job: {
    ...entity,
    kind: text,
    state: oneOf('waiting', 'running', 'done', 'dead'),
    body: json,
    /** What must be made once however often it is asked for. */
    unique_key: { type: 'text', optional: true, unique: true },
    schedule: optionalText,
    requested_by: optionalText,
    node: optionalText,
    attempts: number,
    max_attempts: number,
    due_at: time,
    lease_owner: optionalText,
    lease_until: optionalTime,
    ended_at: optionalTime,
    last_error: optionalText,
  },
  job_run: {
    job_id: { type: 'text', references: 'job.id' },
    attempt: number,
    node: text,
    started_at: time,
    ended_at: optionalTime,
    outcome: { type: 'text', optional: true, values: ['done', 'failed', 'refused', 'lost'] },
    error: optionalText,
  },
  schedule: {
    ...entity,
    name: text,
    cron: text,
    time_zone: text,
    enabled: { type: 'flag' },
    next_at: optionalTime,
    last_at: optionalTime,
    last_job: optionalText,
  },
  alarm: {
    ...entity,
    kind: text,
    key: text,
    severity: oneOf('warning', 'critical'),
    detail: json,
    last_raised_at: time,
    times: number,
    mailed_at: optionalTime,
    acknowledged_at: optionalTime,
    acknowledged_by: optionalText,
    note: optionalText,
    cleared_at: optionalTime,
  },
  operation_setting: { ...entity, name: text, value: json },
  cleaning: {
    ...entity,
    chain: text,
    state: oneOf('waiting', 'running', 'done', 'failed'),
    cut: number,
    entries: number,
    bytes: number,
    until: optionalTime,
    requested_by: optionalText,
    ended_at: optionalTime,
    error: optionalText,
  },
  erasure: {
    ...entity,
    object_type: text,
    object_id: text,
    rule: text,
    reason: text,
    state: oneOf('requested', 'refused', 'approved', 'done', 'failed'),
    requested_by: optionalText,
    decided_by: optionalText,
    decided_at: optionalTime,
    refusal: optionalText,
    entries: number,
    bytes: number,
    /** Chains whose part is not done yet. */
    chains: json,
    ended_at: optionalTime,
    error: optionalText,
  },
}

/** Jobs and their schedules, alarms, what an administrator sets, cleanings and erasures of the audit. */
export const operations: Migration = {
  id: '0005-operations',
  statements: (db, dialect): readonly Compilable[] => [
    ...Object.entries(tables).map(([name, columns]) => table(db, name, columns, dialect)),
    index(db, 'job', ['state', 'due_at', 'id']),
    index(db, 'job', ['tenant', 'created_at', 'id']),
    index(db, 'job_run', ['job_id', 'attempt'], true),
    index(db, 'schedule', ['tenant', 'name'], true),
    index(db, 'alarm', ['tenant', 'created_at', 'id']),
    // One open alarm of a kind and key, also where two nodes raise it at once.
    db.schema
      .createIndex('alarm_open_index')
      .on('alarm')
      .columns(['tenant', 'kind', 'key'])
      .unique()
      .where(sql<boolean>`cleared_at is null`),
    index(db, 'operation_setting', ['tenant', 'name'], true),
    index(db, 'cleaning', ['tenant', 'created_at', 'id']),
    index(db, 'erasure', ['tenant', 'created_at', 'id']),
  ],
}
