import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { AuditDb } from '../schema.ts'

type Reader = Kysely<AuditDb>

export { NO_WORD } from './audit-row-form.ts'

/** Numbers and texts met so far, for each database or snapshot; a word that is committed never changes. */
interface Known {
  readonly texts: Map<number, string>
  readonly numbers: Map<string, number>
}
const known = new WeakMap<object, Known>()
const CHUNK = 500
const KNOWN_MAX = 100_000

const knownOf = (db: Reader): Known => {
  const found = known.get(db)
  if (found && found.texts.size <= KNOWN_MAX) return found
  const fresh = { texts: new Map<number, string>(), numbers: new Map<string, number>() }
  known.set(db, fresh)
  return fresh
}

/** The numbers met so far; what is missing is asked for by `findWords`, or made by `ensureWords`. */
export const knownNumbers = (db: Reader): ReadonlyMap<string, number> => knownOf(db).numbers

/** Of two rows with one text, which someone put there, only the first counts: filters ask for one number. */
const isFirst = sql<boolean>`id = (select min(other.id) from word as other where other.text = word.text)`

const keep = ({ texts, numbers }: Known, rows: readonly { readonly id: number; readonly text: string }[]): void => {
  for (const { id, text } of rows) {
    texts.set(id, text)
    numbers.set(text, id)
  }
}

const isNumber = (value: unknown): value is number => typeof value === 'number'

/** The texts of these numbers; whatever is no number of a word is left out, see NO_WORD. */
export const readWords = async (db: Reader, numbers: Iterable<unknown>): Promise<ReadonlyMap<number, string>> => {
  const met = knownOf(db)
  const missing = [...new Set(numbers)].filter(isNumber).filter((number) => !met.texts.has(number))
  for (let from = 0; from < missing.length; from += CHUNK) {
    const chunk = missing.slice(from, from + CHUNK)
    keep(met, await db.selectFrom('word').select(['id', 'text']).where('id', 'in', chunk).where(isFirst).execute())
  }
  return met.texts
}

/** The numbers of these texts; a text that stands in no entry has none. */
export const findWords = async (db: Reader, texts: Iterable<string>): Promise<ReadonlyMap<string, number>> => {
  const met = knownOf(db)
  const missing = [...new Set(texts)].filter((text) => !met.numbers.has(text))
  for (let from = 0; from < missing.length; from += CHUNK) {
    const chunk = missing.slice(from, from + CHUNK)
    keep(met, await db.selectFrom('word').select(['id', 'text']).where('text', 'in', chunk).where(isFirst).execute())
  }
  return met.numbers
}

/**
 * The numbers of these texts, made where they are missing; durable when it returns. Not inside the transaction of the
 * entries: a number that is rolled back must not be remembered. A word no entry uses does no harm.
 */
export const ensureWords = async (db: Reader, texts: ReadonlySet<string>): Promise<ReadonlyMap<string, number>> => {
  const found = await findWords(db, texts)
  const missing = [...texts].filter((text) => !found.has(text))
  if (missing.length === 0) return found
  for (let from = 0; from < missing.length; from += CHUNK) {
    const rows = missing.slice(from, from + CHUNK).map((text) => ({ text }))
    await db
      .insertInto('word')
      .values(rows)
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  }
  return findWords(db, missing)
}
