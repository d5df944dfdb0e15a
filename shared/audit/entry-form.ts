import { AUDIT_ACTIONS } from '../contract/audit-actions.ts'

/** Of the entry's form; another form gets another number, and verifiers refuse those they do not know. */
export const ENTRY_FORMAT = 1
export const NAME_MAX = 200
export const CHAIN_NAME = /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/

export const ACTIONS: ReadonlySet<string> = new Set(AUDIT_ACTIONS)
