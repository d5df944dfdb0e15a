import type Database from 'better-sqlite3'
import { z } from 'zod'
import { HTTP, type HttpName, type Slot } from '../../shared/contract/index.ts'
import type { Json } from '../../shared/audit/json.ts'
import type { DeskStore, KeyInProgress, Log, OutboxItem, PinChange } from '../services/ports.ts'
import { decrypt, encrypt } from './crypto.ts'
import { SqliteWitnessStore } from './witness-store.ts'

const KeyRow = z.object({
  card_serial: z.string(),
  spki: z.instanceof(Uint8Array),
  csr: z.instanceof(Uint8Array).nullable(),
})
const OutboxRow = z.object({ id: z.number(), operator: z.string(), call: z.string(), input: z.instanceof(Uint8Array) })
const isRoute = (name: string): name is HttpName => Object.hasOwn(HTTP, name)

/** The store on one SQLite connection. Drafts and outbox hold personal data and are encrypted per row; the rest is public. */
export class SqliteStore implements DeskStore {
  readonly recovered: boolean
  readonly witness: SqliteWitnessStore
  readonly #db: Database.Database
  readonly #key: Uint8Array
  readonly #log: Log
  constructor(db: Database.Database, key: Uint8Array, recovered: boolean, log: Log) {
    this.#db = db
    this.#key = key
    this.#log = log
    this.recovered = recovered
    this.witness = new SqliteWitnessStore(db, key, log)
  }

  readDraft(name: string): Json | null {
    const row = this.#db.prepare('SELECT value FROM draft WHERE name = ?').pluck().get(name)
    if (!(row instanceof Uint8Array)) return null
    const plain = decrypt(this.#key, `draft:${name}`, row)
    if (plain !== null) return JSON.parse(plain.toString('utf8')) as Json
    this.#log.warn('store.draft-unreadable', { draft: name })
    return null
  }
  writeDraft(name: string, value: Json | null): void {
    if (value === null) {
      this.#db.prepare('DELETE FROM draft WHERE name = ?').run(name)
      return
    }
    const sealed = encrypt(this.#key, `draft:${name}`, Buffer.from(JSON.stringify(value)))
    this.#db
      .prepare('INSERT OR REPLACE INTO draft (name, value, changed_at) VALUES (?, ?, ?)')
      .run(name, sealed, Date.now())
  }

  readKey(enrolment: string, slot: Slot): KeyInProgress | null {
    const row = this.#db
      .prepare('SELECT card_serial, spki, csr FROM key_in_progress WHERE enrolment = ? AND slot = ?')
      .get(enrolment, slot)
    if (row === undefined) return null
    const { card_serial: cardSerial, spki, csr } = KeyRow.parse(row)
    return { cardSerial, spki, csr }
  }
  writeKey(enrolment: string, slot: Slot, key: KeyInProgress): void {
    this.#db
      .prepare(
        'INSERT OR REPLACE INTO key_in_progress (enrolment, slot, card_serial, spki, csr) VALUES (?, ?, ?, ?, ?)',
      )
      .run(enrolment, slot, key.cardSerial, key.spki, key.csr)
  }
  forgetKey(enrolment: string, slot: Slot): void {
    this.#db.prepare('DELETE FROM key_in_progress WHERE enrolment = ? AND slot = ?').run(enrolment, slot)
  }
  forgetKeys(enrolment: string): void {
    this.#db.prepare('DELETE FROM key_in_progress WHERE enrolment = ?').run(enrolment)
  }

  readPinChange(enrolment: string, cardSerial: string): PinChange | null {
    const sql = 'SELECT state FROM pin_change WHERE enrolment = ? AND card_serial = ?'
    const state = this.#db.prepare(sql).pluck().get(enrolment, cardSerial)
    return state === 'replacing' || state === 'replaced' ? state : null
  }
  writePinChange(enrolment: string, cardSerial: string, state: PinChange | null): void {
    if (state === null)
      this.#db.prepare('DELETE FROM pin_change WHERE enrolment = ? AND card_serial = ?').run(enrolment, cardSerial)
    else
      this.#db
        .prepare('INSERT OR REPLACE INTO pin_change (enrolment, card_serial, state) VALUES (?, ?, ?)')
        .run(enrolment, cardSerial, state)
  }
  forgetEnrolment(enrolment: string): void {
    this.#db.transaction(() => {
      this.forgetKeys(enrolment)
      this.#db.prepare('DELETE FROM pin_change WHERE enrolment = ?').run(enrolment)
    })()
  }

  readRecordDigest(enrolment: string): string | null {
    const found = this.#db.prepare('SELECT sha256 FROM signed_record WHERE enrolment = ?').pluck().get(enrolment)
    return typeof found === 'string' ? found : null
  }
  writeRecordDigest(enrolment: string, sha256: string): void {
    this.#db.prepare('INSERT OR REPLACE INTO signed_record (enrolment, sha256) VALUES (?, ?)').run(enrolment, sha256)
  }

  addToOutbox(operator: string, call: HttpName, input: unknown): void {
    const sealed = encrypt(this.#key, `outbox:${operator}:${call}`, Buffer.from(JSON.stringify(input)))
    this.#db
      .prepare('INSERT INTO outbox (operator, call, input, created_at) VALUES (?, ?, ?, ?)')
      .run(operator, call, sealed, Date.now())
  }
  outbox(operator: string): OutboxItem[] {
    const rows = this.#db
      .prepare('SELECT id, operator, call, input FROM outbox WHERE operator = ? ORDER BY id')
      .all(operator)
    return z
      .array(OutboxRow)
      .parse(rows)
      .flatMap((row): OutboxItem[] => {
        const plain = decrypt(this.#key, `outbox:${row.operator}:${row.call}`, row.input)
        if (plain !== null && isRoute(row.call))
          return [
            {
              id: row.id,
              operator: row.operator,
              call: row.call,
              input: JSON.parse(plain.toString('utf8')) as unknown,
            },
          ]
        this.#log.error('store.outbox-unreadable', { row: row.id })
        this.removeFromOutbox(row.id)
        return []
      })
  }
  removeFromOutbox(id: number): void {
    this.#db.prepare('DELETE FROM outbox WHERE id = ?').run(id)
  }
  waiting(): number {
    return Number(this.#db.prepare('SELECT count(*) FROM outbox').pluck().get())
  }

  close(): void {
    if (!this.#db.open) return
    this.#db.close()
    this.#key.fill(0)
  }
}
