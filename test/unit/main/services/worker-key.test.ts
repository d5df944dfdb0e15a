import { generateKeyPairSync, verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { AppError, workerKeyInput, type PublicJwk, type VouchedKey } from '../../../../shared/contract/index.ts'
import { makeSessionKey } from '../../../../main/services/session-key.ts'
import { WorkerKeys } from '../../../../main/services/worker-key.ts'

const station = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const NOW = 1_800_000_000_123.4
const about = { purpose: 'unblock' as const, subject: 'key-0000000000000001', cardSerial: 'C100' }
const keysOf = (key: PublicJwk, require: () => { id: string } = () => ({ id: 'session_00000001' })) =>
  new WorkerKeys({
    cards: { sealKey: () => Promise.resolve(key) },
    remote: { nowMs: () => NOW },
    session: { require },
    serverName: 'server',
    station: { id: 'station_00000001', key: station.privateKey },
  })
const said = (key: PublicJwk, other: Partial<VouchedKey> = {}): VouchedKey => ({
  ...about,
  serverName: 'server',
  session: 'session_00000001',
  station: 'station_00000001',
  time: Math.round(NOW),
  key,
  ...other,
})

describe('when a request has codes sealed to this worker', () => {
  const key = makeSessionKey().publicJwk

  it('carries the worker’s key and the station’s word for it, for this request', async () => {
    const { workerKey, vouched } = await keysOf(key).for(about)
    expect(workerKey).toEqual(key)
    const signature = Buffer.from(vouched.signature, 'base64')
    const stands = (other: Partial<VouchedKey>) =>
      verify('sha256', workerKeyInput(said(key, { time: vouched.time, ...other })), station.publicKey, signature)
    expect(stands({})).toBe(true)
    const others: Partial<VouchedKey>[] = [
      { purpose: 'hand-over' },
      { subject: 'key-0000000000000002' },
      { cardSerial: 'C101' },
      { serverName: 'other' },
      { session: 'session_00000002' },
      { station: 'station_00000002' },
      { time: vouched.time + 1 },
      { key: makeSessionKey().publicJwk },
    ]
    for (const other of others) expect(stands(other), JSON.stringify(Object.keys(other))).toBe(false)
  })

  it('is not given while nobody is signed in', async () => {
    const locked = keysOf(key, () => {
      throw new AppError('SESSION_LOCKED')
    })
    await expect(locked.for(about)).rejects.toThrow('SESSION_LOCKED')
  })
})

describe('when what a station signs is put together', () => {
  const key = makeSessionKey().publicJwk
  it('tells parts apart wherever they end', () => {
    const one = workerKeyInput(said(key, { subject: 'a","b', cardSerial: 'c' }))
    const two = workerKeyInput(said(key, { subject: 'a', cardSerial: 'b","c' }))
    expect(Buffer.from(one).equals(two)).toBe(false)
  })
})
