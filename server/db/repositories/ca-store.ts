import type { Selectable } from 'kysely'
import { AppError } from '../../../shared/contract/errors.ts'
import type {
  CaName,
  CaStore,
  CertificateReservation,
  StoredCertificate,
  StoredCrl,
  StoredStatus,
} from '../../ca/store.ts'
import { newId } from '../id.ts'
import type { CaCertificateTable, OperationalDatabase, OperationalTransaction } from '../schema.ts'
import { inTransaction } from '../transaction.ts'

type FinalReason = Extract<StoredStatus, { status: 'revoked' }>['reason']
type Row = Selectable<CaCertificateTable>

const statusOf = (row: Row): StoredStatus => {
  const at = new Date(row.status_at ?? 0)
  if (row.status === 'suspended') return { status: 'suspended', at }
  if (row.status === 'revoked')
    return { status: 'revoked', at, reason: (row.status_reason ?? 'unspecified') as FinalReason }
  return { status: 'issued' }
}

const stored = (row: Row): StoredCertificate => ({
  idempotencyKey: row.request_key,
  requestDigest: row.request_digest,
  serial: row.serial,
  profile: row.profile as StoredCertificate['profile'],
  notBefore: new Date(row.not_before),
  notAfter: new Date(row.not_after),
  tbs: row.tbs,
  der: row.der,
  state: statusOf(row),
})

/** Tells the audit of a list that is kept: `record` inside the transaction that keeps it, `kept` once it committed. */
export interface CrlAudit {
  /** Gives the id of the intent. */
  record(trx: OperationalTransaction, crl: StoredCrl & { readonly id: string }): Promise<string>
  kept(intent: string): void
}

/** The internal CA's books in the operational database; see `CaStore` for what each call promises. */
export class DatabaseCaStore implements CaStore {
  readonly #db: OperationalDatabase
  readonly #audit: CrlAudit | null

  constructor(db: OperationalDatabase, audit: CrlAudit | null = null) {
    this.#db = db
    this.#audit = audit
  }

  async findByRequest(idempotencyKey: string): Promise<StoredCertificate | null> {
    const row = await this.#db
      .selectFrom('ca_certificate')
      .selectAll()
      .where('request_key', '=', idempotencyKey)
      .executeTakeFirst()
    return row ? stored(row) : null
  }

  async findBySerial(serial: string): Promise<StoredCertificate | null> {
    const row = await this.#db.selectFrom('ca_certificate').selectAll().where('serial', '=', serial).executeTakeFirst()
    return row ? stored(row) : null
  }

  async reserve(reservation: CertificateReservation): Promise<StoredCertificate> {
    await this.#db
      .insertInto('ca_certificate')
      .values({
        serial: reservation.serial,
        request_key: reservation.idempotencyKey,
        request_digest: reservation.requestDigest,
        profile: reservation.profile,
        not_before: reservation.notBefore.getTime(),
        not_after: reservation.notAfter.getTime(),
        tbs: reservation.tbs,
        der: null,
        status: 'issued',
        status_at: null,
        status_reason: null,
      })
      .onConflict((conflict) => conflict.column('request_key').doNothing())
      .execute()
    return this.#required(await this.findByRequest(reservation.idempotencyKey))
  }

  async complete(serial: string, der: Uint8Array): Promise<StoredCertificate> {
    await this.#db
      .updateTable('ca_certificate')
      .set({ der })
      .where('serial', '=', serial)
      .where('der', 'is', null)
      .execute()
    return this.#required(await this.findBySerial(serial))
  }

  async changeStatus(
    serial: string,
    from: readonly StoredStatus['status'][],
    to: StoredStatus,
  ): Promise<StoredCertificate | null> {
    await this.#db
      .updateTable('ca_certificate')
      .set({
        status: to.status,
        status_at: to.status === 'issued' ? null : to.at.getTime(),
        status_reason: to.status === 'revoked' ? to.reason : null,
      })
      .where('serial', '=', serial)
      .where('status', 'in', from)
      .execute()
    return this.findBySerial(serial)
  }

  async listRevoked(notAfterFrom: Date): Promise<readonly StoredCertificate[]> {
    const rows = await this.#db
      .selectFrom('ca_certificate')
      .selectAll()
      .where('status', 'in', ['suspended', 'revoked'])
      .where('not_after', '>', notAfterFrom.getTime())
      .orderBy('status_at')
      .orderBy('serial')
      .execute()
    return rows.map(stored)
  }

  nextCrlNumber(issuer: CaName): Promise<bigint> {
    return inTransaction(this.#db, async (trx) => {
      await trx
        .insertInto('ca_crl_number')
        .values({ issuer, number: 1 })
        .onConflict((conflict) =>
          conflict.column('issuer').doUpdateSet((eb) => ({ number: eb('ca_crl_number.number', '+', 1) })),
        )
        .execute()
      const { number } = await trx
        .selectFrom('ca_crl_number')
        .select('number')
        .where('issuer', '=', issuer)
        .executeTakeFirstOrThrow()
      return BigInt(number)
    })
  }

  async saveCrl(crl: StoredCrl): Promise<void> {
    const latest = await this.latestCrl(crl.issuer)
    if (latest && latest.number >= crl.number) return
    const id = newId('crl')
    const intent = await inTransaction(this.#db, async (trx) => {
      await this.#insertCrl(trx, { ...crl, id })
      return (await this.#audit?.record(trx, { ...crl, id })) ?? null
    })
    if (intent !== null) this.#audit?.kept(intent)
  }

  async #insertCrl(trx: OperationalTransaction, crl: StoredCrl & { readonly id: string }): Promise<void> {
    await trx
      .insertInto('crl')
      .values({
        id: crl.id,
        issuer: crl.issuer,
        number: Number(crl.number),
        der: crl.der,
        this_update: crl.thisUpdate.getTime(),
        next_update: crl.nextUpdate.getTime(),
        created_at: Date.now(),
      })
      .execute()
  }

  async latestCrl(issuer: CaName): Promise<StoredCrl | null> {
    const row = await this.#db
      .selectFrom('crl')
      .selectAll()
      .where('issuer', '=', issuer)
      .orderBy('number', 'desc')
      .limit(1)
      .executeTakeFirst()
    if (!row) return null
    const { der, this_update, next_update, number } = row
    return { issuer, der, number: BigInt(number), thisUpdate: new Date(this_update), nextUpdate: new Date(next_update) }
  }

  #required(row: StoredCertificate | null): StoredCertificate {
    if (!row) throw new AppError('CA_UNAVAILABLE', { reason: 'row-missing' })
    return row
  }
}
