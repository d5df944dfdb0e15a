import type {
  CaName,
  CaStore,
  CertificateReservation,
  StoredCertificate,
  StoredCrl,
  StoredStatus,
} from '../../server/ca/index.ts'

/** A `CaStore` in memory. `dieAfter` throws once after the named write is done, as a process that is killed then. */
export class MemoryCaStore implements CaStore {
  readonly rows: StoredCertificate[] = []
  readonly savedCrls: StoredCrl[] = []
  readonly #numbers = new Map<CaName, bigint>()
  dieAfter: 'reserve' | 'complete' | 'changeStatus' | 'nextCrlNumber' | null = null

  async findByRequest(idempotencyKey: string): Promise<StoredCertificate | null> {
    return this.rows.find((row) => row.idempotencyKey === idempotencyKey) ?? null
  }

  async findBySerial(serial: string): Promise<StoredCertificate | null> {
    return this.rows.find((row) => row.serial === serial) ?? null
  }

  async reserve(reservation: CertificateReservation): Promise<StoredCertificate> {
    // Look and write without a pause in between, as the one transaction this stands for.
    const known = this.rows.find((row) => row.idempotencyKey === reservation.idempotencyKey)
    if (known) return known
    if (this.rows.some((row) => row.serial === reservation.serial)) throw new Error('serial is taken')
    const row: StoredCertificate = { ...reservation, der: null, state: { status: 'issued' } }
    this.rows.push(row)
    this.#die('reserve')
    return row
  }

  async complete(serial: string, der: Uint8Array): Promise<StoredCertificate> {
    const row = this.#update(serial, (row) => (row.der ? row : { ...row, der: new Uint8Array(der) }))
    if (!row) throw new Error('serial is unknown')
    this.#die('complete')
    return row
  }

  async changeStatus(
    serial: string,
    from: readonly StoredStatus['status'][],
    to: StoredStatus,
  ): Promise<StoredCertificate | null> {
    const row = this.#update(serial, (row) => (from.includes(row.state.status) ? { ...row, state: to } : row))
    this.#die('changeStatus')
    return row
  }

  async listRevoked(notAfterFrom: Date): Promise<readonly StoredCertificate[]> {
    return this.rows.filter((row) => row.state.status !== 'issued' && row.notAfter > notAfterFrom)
  }

  async nextCrlNumber(issuer: CaName): Promise<bigint> {
    const next = (this.#numbers.get(issuer) ?? 0n) + 1n
    this.#numbers.set(issuer, next)
    this.#die('nextCrlNumber')
    return next
  }

  async saveCrl(crl: StoredCrl): Promise<void> {
    const latest = this.savedCrls.findLast((saved) => saved.issuer === crl.issuer)
    if (!latest || crl.number > latest.number) this.savedCrls.push(crl)
  }

  async latestCrl(issuer: CaName): Promise<StoredCrl | null> {
    return this.savedCrls.findLast((crl) => crl.issuer === issuer) ?? null
  }

  #update(serial: string, change: (row: StoredCertificate) => StoredCertificate): StoredCertificate | null {
    const at = this.rows.findIndex((row) => row.serial === serial)
    const row = this.rows[at]
    if (!row) return null
    return (this.rows[at] = change(row))
  }

  #die(point: NonNullable<MemoryCaStore['dieAfter']>): void {
    if (this.dieAfter !== point) return
    this.dieAfter = null
    throw new Error(`died after ${point}`)
  }
}
