import { z } from 'zod'
import { RetentionClass } from '../../shared/contract/routes/audit-retention.ts'
import { readSetting } from '../db/repositories/jobs-settings.ts'
import type { OperationalDatabase, OperationalTransaction } from '../db/schema.ts'
import { DEFAULT_RETENTION, RETENTION_SETTING } from './retention-classes.ts'
import type { RetentionSettings } from './retention-classes.ts'

const Stored = z.strictObject({ windowMonths: z.int().nullable(), classes: z.record(RetentionClass, z.int()) })

/** What an administrator set, or the defaults; version 0 while nothing was set. */
export const readRetention = async (
  db: OperationalDatabase | OperationalTransaction,
  tenant: string,
): Promise<{ readonly settings: RetentionSettings; readonly version: number }> => {
  const { value, version } = await readSetting(db, tenant, RETENTION_SETTING)
  return { settings: value === undefined ? DEFAULT_RETENTION : Stored.parse(value), version }
}
