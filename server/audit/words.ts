import type { Payload } from '../../shared/audit/payload.ts'
import type { Json } from '../../shared/audit/json.ts'
import { foldForSearch } from '../db/full-text.ts'
import type { AuditIntent } from './intent.ts'

const LENGTH_MAX = 16_000

const collect = (value: Json, into: string[]): void => {
  if (typeof value === 'string') into.push(value)
  else if (typeof value === 'number') into.push(String(value))
  else if (Array.isArray(value)) for (const item of value as readonly Json[]) collect(item, into)
  else if (value !== null && typeof value === 'object') for (const item of Object.values(value)) collect(item, into)
}

/** The folded words an entry is found by: ids, reason and every value of the payload, each word once. */
export const searchWords = (intent: AuditIntent, payload: Payload): string => {
  const texts: string[] = [intent.action, intent.object.type, intent.object.id]
  if (intent.operator) texts.push(intent.operator.id, intent.operator.role)
  if (payload.reason !== null) texts.push(payload.reason)
  collect(payload.before, texts)
  collect(payload.after, texts)
  // Cut before folding: one hostile value must not cost minutes. Order stays, so that phrases are found.
  return foldForSearch([...new Set(texts)].join(' ').slice(0, LENGTH_MAX))
}
