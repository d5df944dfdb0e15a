import { expect, it } from 'vitest'
import type { CaStore, CertificateReservation, StoredCrl } from '../../../../server/ca/index.ts'

const at = (day: number): Date => new Date(Date.UTC(2026, 10, day))
const reservation = (name: string, change: Partial<CertificateReservation> = {}): CertificateReservation => ({
  idempotencyKey: `request-${name}`,
  requestDigest: `digest-${name}`,
  serial: Buffer.from(name).toString('hex'),
  profile: 'authentication',
  notBefore: at(1),
  notAfter: at(20),
  tbs: Uint8Array.from([1, 2, 3]),
  ...change,
})
const crlOf = (number: bigint, octet: number): StoredCrl => ({
  issuer: 'issuing',
  number,
  thisUpdate: at(1),
  nextUpdate: at(2),
  der: Uint8Array.of(octet),
})

/** A driver's own kind of byte array counts as what it is: bytes. */
function plain<T extends object | null>(row: T): T {
  if (row === null) return row
  const entries = Object.entries(row).map(([name, value]) => [
    name,
    value instanceof Uint8Array ? new Uint8Array(value) : (value as unknown),
  ])
  return Object.fromEntries(entries) as T
}

/** What every `CaStore` does. `open` gives the store of one empty database, the same at each call. */
export function caStoreSuite(open: () => CaStore): void {
  it('gives back what was reserved, by request and by serial', async () => {
    const wanted = reservation('a')
    const row = plain(await open().reserve(wanted))
    expect(row).toEqual({ ...wanted, der: null, state: { status: 'issued' } })
    expect(plain(await open().findByRequest(wanted.idempotencyKey))).toEqual(row)
    expect(plain(await open().findBySerial(wanted.serial))).toEqual(row)
    expect(await open().findByRequest('nothing')).toBeNull()
    expect(await open().findBySerial('00')).toBeNull()
  })

  it('keeps the first of two reservations under one key, also at once', async () => {
    const rows = await Promise.all([
      open().reserve(reservation('b1', { idempotencyKey: 'same' })),
      open().reserve(reservation('b2', { idempotencyKey: 'same' })),
    ])
    expect(rows[0]).toEqual(rows[1])
    expect(await open().findByRequest('same')).toEqual(rows[0])
  })

  it('refuses a serial twice', async () => {
    await open().reserve(reservation('c'))
    await expect(open().reserve(reservation('c', { idempotencyKey: 'other' }))).rejects.toThrow()
  })

  it('keeps the first of two completions', async () => {
    const { serial } = await open().reserve(reservation('d'))
    expect(plain(await open().complete(serial, Uint8Array.of(1))).der).toEqual(Uint8Array.of(1))
    expect(plain(await open().complete(serial, Uint8Array.of(2))).der).toEqual(Uint8Array.of(1))
    expect(plain(await open().findBySerial(serial))?.der).toEqual(Uint8Array.of(1))
  })

  it('changes a status only from those named, and one of two at once', async () => {
    const { serial } = await open().reserve(reservation('e'))
    const suspended = { status: 'suspended', at: at(3) } as const
    expect((await open().changeStatus(serial, ['issued'], suspended))?.state).toEqual(suspended)
    expect((await open().changeStatus(serial, ['issued'], { status: 'suspended', at: at(4) }))?.state).toEqual(
      suspended,
    )
    const revoked = (day: number) => ({ status: 'revoked', at: at(day), reason: 'superseded' }) as const
    const both = await Promise.all([5, 6].map((day) => open().changeStatus(serial, ['suspended'], revoked(day))))
    expect(both[0]?.state).toEqual(both[1]?.state)
    expect((await open().changeStatus(serial, ['suspended'], { status: 'issued' }))?.state.status).toBe('revoked')
    expect(await open().changeStatus('00', ['issued'], suspended)).toBeNull()
  })

  it('lists suspended and revoked certificates that have not ended', async () => {
    for (const [name, day] of [
      ['f1', 20],
      ['f2', 10],
      ['f3', 20],
      ['f4', 20],
    ] as const) {
      await open().reserve(reservation(name, { notAfter: at(day) }))
    }
    const serial = (name: string) => Buffer.from(name).toString('hex')
    const revoked = { status: 'revoked', at: at(5), reason: 'keyCompromise' } as const
    await open().changeStatus(serial('f1'), ['issued'], revoked)
    await open().changeStatus(serial('f2'), ['issued'], revoked)
    await open().changeStatus(serial('f3'), ['issued'], { status: 'suspended', at: at(6) })
    const listed = (await open().listRevoked(at(12))).map((row) => row.serial).filter((one) => one.startsWith('66'))
    expect(listed.toSorted()).toEqual([serial('f1'), serial('f3')])
  })

  it('counts lists per issuer and keeps the one with the highest number', async () => {
    const numbers = await Promise.all([1, 2, 3].map(() => open().nextCrlNumber('issuing')))
    expect(numbers.toSorted((a, b) => Number(a - b))).toEqual([1n, 2n, 3n])
    expect(await open().nextCrlNumber('root')).toBe(1n)
    expect(await open().latestCrl('issuing')).toBeNull()
    await open().saveCrl(crlOf(2n, 2))
    await open().saveCrl(crlOf(1n, 1))
    expect(plain(await open().latestCrl('issuing'))).toEqual(crlOf(2n, 2))
    await open().saveCrl(crlOf(3n, 3))
    expect((await open().latestCrl('issuing'))?.number).toBe(3n)
    expect(await open().latestCrl('root')).toBeNull()
  })
}
