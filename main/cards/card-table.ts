import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { AppError } from '../../shared/contract/errors.ts'

/**
 * One kind of card, or one PKCS#11 module, of `resources/cards/*.json`: data, so that a new card needs no code
 * (`resources/cards/HOW_TO_ADD.md`).
 */
export const CardKind = z.strictObject({
  type: z.literal('card'),
  id: z.string().regex(/^[a-z0-9-]{1,40}$/),
  name: z.string().min(1).max(60),
  applet: z.literal('piv'),
  /** Answers to reset in lower-case hex; `.` stands for any digit. Empty: any card that has the applet. */
  atrs: z.array(z.string().regex(/^[0-9a-f.]{4,66}$/)),
  /** De-facto vendor commands the card knows: GET SERIAL F8, GET METADATA F7, SET MANAGEMENT KEY FF, SET PIN RETRIES FA, RESET FB. */
  vendor: z.strictObject({
    serial: z.boolean(),
    metadata: z.boolean(),
    setManagementKey: z.boolean(),
    setRetries: z.boolean(),
    reset: z.boolean(),
  }),
  managementKey: z.strictObject({
    /** What the card may be set to; of two with one length the first is taken. */
    algorithms: z.array(z.enum(['3des', 'aes-128', 'aes-192', 'aes-256'])).min(1),
  }),
  extendedLength: z.boolean(),
})
export type CardKind = z.infer<typeof CardKind>

export const ModuleEntry = z.strictObject({
  type: z.literal('pkcs11'),
  id: z.string().regex(/^[a-z0-9-]{1,40}$/),
  name: z.string().min(1).max(60),
  /** Library paths tried in order, by `process.platform`; `*` names any one folder level. */
  paths: z.record(z.string(), z.array(z.string())),
  /** CKA_ID (hex) of each PIV slot's key and certificate. */
  keyIds: z.strictObject({ '9A': z.string(), '9C': z.string(), '9D': z.string(), '9E': z.string() }),
})
export type ModuleEntry = z.infer<typeof ModuleEntry>

export interface CardTable {
  kinds: readonly CardKind[]
  modules: readonly ModuleEntry[]
}

const Entry = z.discriminatedUnion('type', [CardKind, ModuleEntry])

/** Reads the whole folder. CONFIG_INVALID names the file that is wrong. */
export function readCardTable(folder: string): CardTable {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
  const entries = files.map((file) => readEntry(folder, file))
  const kinds = entries.filter((entry) => entry.type === 'card')
  const modules = entries.filter((entry) => entry.type === 'pkcs11')
  if (!kinds.some((kind) => kind.atrs.length === 0)) throw new AppError('CONFIG_INVALID', { reason: 'no-general-card' })
  return { kinds, modules }
}

function readEntry(folder: string, file: string): z.infer<typeof Entry> {
  try {
    return Entry.parse(JSON.parse(readFileSync(join(folder, file), 'utf8')))
  } catch (error) {
    throw new AppError('CONFIG_INVALID', { file }, { cause: error })
  }
}

/** The kind whose ATR fits, else the general one: whether the card has the applet at all shows at SELECT. */
export function findKind(table: CardTable, atr: Uint8Array | null): CardKind {
  const hex = Buffer.from(atr ?? []).toString('hex')
  const fits = (pattern: string): boolean => new RegExp(`^${pattern}$`).test(hex)
  const found = table.kinds.find((kind) => kind.atrs.some(fits)) ?? table.kinds.find((kind) => kind.atrs.length === 0)
  if (found === undefined) throw new AppError('CARD_UNKNOWN', { atr: hex })
  return found
}
