import type Database from 'better-sqlite3'
import { z } from 'zod'
import { WitnessLoss } from '../../shared/contract/index.ts'
import { ContradictionKind } from '../../shared/contract/routes/audit-witness.ts'
import type { Log } from '../services/ports.ts'
import type { KeptCheckpoint, KeptContradiction, KeptLoss, WitnessStore } from '../services/witness-ports.ts'
import { decrypt, encrypt } from './crypto.ts'

const CheckpointRow = z.object({
  chain: z.string(),
  size: z.number(),
  note: z.instanceof(Uint8Array),
  first_seen_at: z.number(),
  seen_at: z.number(),
  cosigned_at: z.number().nullable(),
})
const Kept = z.strictObject({ origin: z.string(), note: z.string() })
const ContradictionRow = z.object({
  id: z.string(),
  chain: z.string(),
  kind: ContradictionKind,
  kept: z.string().nullable(),
  seen: z.string().nullable(),
  kept_size: z.number().nullable(),
  seen_size: z.number().nullable(),
  found_at: z.number(),
  reported_at: z.number().nullable(),
})
const LossRow = z.object({
  chain: z.string(),
  why: WitnessLoss.shape.why,
  at: z.number(),
})
const KEY_LABEL = 'witness-key'
const labelOf = (chain: string, size: number) => `checkpoint:${chain}:${size}`

/**
 * What the desk remembers as a witness. Checkpoints are encrypted and bound to chain and size, so that who can write to
 * the file can make the desk forget, which it notices and says, but cannot make it remember something else.
 */
export class SqliteWitnessStore implements WitnessStore {
  readonly #db: Database.Database
  readonly #key: Uint8Array
  readonly #log: Log
  constructor(db: Database.Database, key: Uint8Array, log: Log) {
    this.#db = db
    this.#key = key
    this.#log = log
  }

  checkpoints(): KeptCheckpoint[] {
    const rows = z.array(CheckpointRow).parse(this.#db.prepare('SELECT * FROM checkpoint ORDER BY chain').all())
    return rows.flatMap((row): KeptCheckpoint[] => {
      const { chain, size, first_seen_at: firstSeenAt, seen_at: seenAt, cosigned_at: cosignedAt } = row
      const plain = decrypt(this.#key, labelOf(chain, size), row.note)
      if (plain !== null)
        return [{ chain, size, firstSeenAt, seenAt, cosignedAt, ...Kept.parse(JSON.parse(plain.toString('utf8'))) }]
      this.#forgetDamaged(chain)
      return []
    })
  }

  keep(next: KeptCheckpoint, over: KeptCheckpoint | null): boolean {
    const { chain, size, origin, note, firstSeenAt, seenAt, cosignedAt } = next
    const sealed = encrypt(this.#key, labelOf(chain, size), Buffer.from(JSON.stringify({ origin, note })))
    const insert =
      'INSERT INTO checkpoint (chain, size, note, first_seen_at, seen_at, cosigned_at) VALUES (?, ?, ?, ?, ?, ?)'
    const values = [chain, size, sealed, firstSeenAt, seenAt, cosignedAt]
    if (over === null) return this.#db.prepare(`${insert} ON CONFLICT DO NOTHING`).run(...values).changes === 1
    const update = 'UPDATE checkpoint SET size = ?, note = ?, seen_at = ?, cosigned_at = ? WHERE chain = ? AND size = ?'
    return this.#db.prepare(update).run(size, sealed, seenAt, cosignedAt, chain, over.size).changes === 1
  }
  noteSeen(chain: string, at: number): void {
    this.#db.prepare('UPDATE checkpoint SET seen_at = ? WHERE chain = ?').run(at, chain)
  }
  noteCosigned(chain: string, size: number, at: number): void {
    this.#db.prepare('UPDATE checkpoint SET cosigned_at = ? WHERE chain = ? AND size = ?').run(at, chain, size)
  }

  readKey(): Uint8Array | null {
    const sealed = this.#db.prepare('SELECT sealed FROM witness_key').pluck().get()
    return sealed instanceof Uint8Array ? decrypt(this.#key, KEY_LABEL, sealed) : null
  }
  writeKey(pkcs8: Uint8Array): void {
    this.#db
      .prepare('INSERT OR REPLACE INTO witness_key (one, sealed) VALUES (1, ?)')
      .run(encrypt(this.#key, KEY_LABEL, pkcs8))
  }

  contradictions(): KeptContradiction[] {
    const rows = this.#db.prepare('SELECT * FROM contradiction WHERE explained_at IS NULL ORDER BY found_at, id').all()
    return z
      .array(ContradictionRow)
      .parse(rows)
      .map(({ kept_size: keptSize, seen_size: seenSize, found_at: foundAt, reported_at: reportedAt, ...row }) => ({
        ...row,
        keptSize,
        seenSize,
        foundAt,
        reportedAt,
      }))
  }
  addContradiction(found: KeptContradiction): boolean {
    const { id, chain, kind, kept, seen, keptSize, seenSize, foundAt } = found
    const sql = `INSERT INTO contradiction (id, chain, kind, kept, seen, kept_size, seen_size, found_at)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`
    return this.#db.prepare(sql).run(id, chain, kind, kept, seen, keptSize, seenSize, foundAt).changes === 1
  }
  noteReported(id: string, at: number): void {
    this.#db.prepare('UPDATE contradiction SET reported_at = ? WHERE id = ?').run(at, id)
  }

  explain(id: string, at: number): string | null {
    return this.#db.transaction(() => {
      const sql = 'UPDATE contradiction SET explained_at = ? WHERE id = ? AND explained_at IS NULL RETURNING chain'
      const chain = this.#db.prepare(sql).pluck().get(at, id)
      if (typeof chain !== 'string') return null
      const open = this.#db.prepare('SELECT count(*) FROM contradiction WHERE chain = ? AND explained_at IS NULL')
      if (Number(open.pluck().get(chain)) > 0) return chain
      this.#db.prepare('DELETE FROM checkpoint WHERE chain = ?').run(chain)
      this.#db.prepare("INSERT OR REPLACE INTO witness_loss (chain, why, at) VALUES (?, 'explained', ?)").run(chain, at)
      return chain
    })()
  }

  beginAnew(doubt: string, { chain, size }: KeptCheckpoint, at: number): boolean {
    return this.#db.transaction(() => {
      const open = this.#db.prepare('SELECT count(*) FROM contradiction WHERE chain = ? AND explained_at IS NULL')
      if (Number(open.pluck().get(chain)) > 0) return false
      const once = this.#db.prepare('INSERT INTO explained_doubt (id, at) VALUES (?, ?) ON CONFLICT DO NOTHING')
      if (once.run(doubt, at).changes === 0) return false
      this.#db.prepare('DELETE FROM checkpoint WHERE chain = ? AND size = ?').run(chain, size)
      this.#db.prepare("INSERT OR REPLACE INTO witness_loss (chain, why, at) VALUES (?, 'explained', ?)").run(chain, at)
      return true
    })()
  }

  losses(): KeptLoss[] {
    return z.array(LossRow).parse(this.#db.prepare('SELECT chain, why, at FROM witness_loss ORDER BY chain').all())
  }
  addLoss({ chain, why, at }: KeptLoss): boolean {
    const sql = 'INSERT INTO witness_loss (chain, why, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING'
    return this.#db.prepare(sql).run(chain, why, at).changes === 1
  }

  /** The loss is noted in the same transaction in which the row goes: no moment knows neither. */
  #forgetDamaged(chain: string): void {
    this.#log.error('witness.checkpoint-unreadable', { chain })
    this.#db.transaction(() => {
      this.#db.prepare('DELETE FROM checkpoint WHERE chain = ?').run(chain)
      this.addLoss({ chain, why: 'row-damaged', at: Date.now() })
    })()
  }
}
