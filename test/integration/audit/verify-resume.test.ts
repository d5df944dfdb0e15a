import Database from 'better-sqlite3'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AuditSigner } from '../../../server/audit/ports.ts'
import { readStoredChain } from '../../../server/audit/stored-chain.ts'
import { VerificationJobs } from '../../../server/audit/verification-jobs.ts'
import type { VerificationRun } from '../../../server/audit/verification-jobs.ts'
import { readSqliteSegments } from '../../../server/audit/verification-rows.ts'
import { endIntentOf, packSeal, walkSealBytes } from '../../../server/audit/verification-run.ts'
import { createSignatureVerifier, keyIdOf } from '../../../shared/audit/crypto.ts'
import { verifyInParallel } from '../../../shared/audit/parallel.ts'
import { walkSegment } from '../../../shared/audit/segment.ts'
import type { SegmentTask } from '../../../shared/audit/segment.ts'
import { encodePosition } from '../../../shared/audit/walk-codec.ts'
import { CHAIN, newIntent, newSigner, openBench } from '../../unit/server/audit/chain-bench.ts'
import type { Bench } from '../../unit/server/audit/chain-bench.ts'

let bench: Bench
beforeEach(async () => {
  bench = await openBench({ epochEntries: 40 })
  await bench.write(Array.from({ length: 200 }, () => newIntent()))
})
afterEach(() => bench.close())

const MODES = ['quick', 'full'] as const
const trustedKeyIds = (): string[] => [keyIdOf(bench.signer.publicKeySpki())]
const jobsOf = (more: Partial<ConstructorParameters<typeof VerificationJobs>[0]> = {}): VerificationJobs =>
  new VerificationJobs({
    audit: bench.databases.audit,
    chain: CHAIN,
    trustedKeyIds,
    signer: bench.signer,
    threads: 2,
    ...more,
  })

/** The place a run had come to behind 128 entries. */
const placeOf = async (mode: (typeof MODES)[number]): Promise<Uint8Array> => {
  const stored = await readStoredChain(bench.databases.audit.db, CHAIN)
  const rows = readSqliteSegments({ dialect: 'sqlite', file: join(bench.folder, 'audit.db') }, CHAIN)
  const keys = new Map(stored.keys.map((key) => [key.keyId, key]))
  const verify = createSignatureVerifier()
  const places: Uint8Array[] = []
  const pool = { size: 1, run: (task: SegmentTask) => walkSegment(task, rows, keys, verify) }
  const onPosition = (position: Parameters<typeof encodePosition>[0]): void => {
    if (position.state.expected === 128) places.push(encodePosition(position))
  }
  const verdict = await verifyInParallel(stored, {
    mode,
    trustedKeyIds: trustedKeyIds(),
    pool,
    segment: 64,
    onPosition,
  })
  await rows.close()
  expect(verdict).toMatchObject({ ok: true })
  const [place] = places
  if (!place) throw new Error('no place')
  return place
}

/** What a process leaves that was killed in the middle of a run. */
const leave = async (mode: (typeof MODES)[number], walk: Uint8Array, seal: Uint8Array, node: string | null = CHAIN) => {
  const run = { id: 'left', chain: CHAIN, mode, state: 'running' as const, requested_by: 'operator-9', started_at: 1 }
  const place = { position: 128, walk, walk_seal: seal, node }
  await bench.databases.audit.db
    .insertInto('verification_run')
    .values({ ...run, ...place, ended_at: null, checked: 128, total: 205, verdict: null })
    .execute()
}
const HOUR = 3_600_000
const sealOf = async (
  mode: (typeof MODES)[number],
  walk: Uint8Array,
  more: { id?: string; at?: number; saysAt?: number; signer?: AuditSigner } = {},
): Promise<Uint8Array> => {
  const { id = 'left', at = Date.now() - HOUR, signer = bench.signer } = more
  return packSeal(more.saysAt ?? at, await signer.sign(walkSealBytes({ id, chain: CHAIN, mode }, walk, at)))
}

const change = (sql: string): void => {
  const db = new Database(join(bench.folder, 'audit.db'))
  // Who writes into the file is not held by what it refuses.
  db.exec('drop trigger if exists entry_fixed')
  db.exec(sql)
  db.close()
}

describe.each(MODES)('a verification that a restart ended: %s', (mode) => {
  it('goes on from the place it had come to, and is told of when it ends', async () => {
    const walk = await placeOf(mode)
    const at = Date.now() - HOUR
    await leave(mode, walk, await sealOf(mode, walk, { at }))
    // Changed after it was verified: whether this is looked at again tells where the run went on.
    change("update entry set object_id = 'x' where sequence = 9")
    const ended: VerificationRun[] = []
    const jobs = jobsOf({ onEnd: (run) => ended.push(run) })
    await jobs.recover()
    expect(await jobs.get('left')).toMatchObject({ state: 'running' })
    const run = await jobs.wait('left')
    expect(run).toMatchObject({ state: 'passed', requestedBy: 'operator-9', verdict: { ok: true, mode, from: 0 } })
    expect(ended).toEqual([run])
    // It says so, also later: what lies below was not looked at again.
    expect(run.resumed).toEqual({ sequence: 128, at })
    expect(await jobs.get('left')).toEqual(run)
    const fresh = await jobs.start({ mode, requestedBy: null })
    const found = { state: 'failed', resumed: null, verdict: { kind: 'altered', sequence: 9 } }
    expect(await jobs.wait(fresh.id)).toMatchObject(found)
  })

  it('finds what was changed behind that place', async () => {
    const walk = await placeOf(mode)
    await leave(mode, walk, await sealOf(mode, walk))
    change("update entry set object_id = 'x' where sequence = 150")
    const jobs = jobsOf()
    await jobs.recover()
    expect(await jobs.wait('left')).toMatchObject({ state: 'failed', verdict: { kind: 'altered', sequence: 150 } })
  })

  it('begins again where the chain does not hold that place any more', async () => {
    const walk = await placeOf(mode)
    await leave(mode, walk, await sealOf(mode, walk))
    change(
      "update entry set signature = zeroblob(64) where sequence = 127; update entry set object_id = 'x' where sequence = 9",
    )
    const jobs = jobsOf()
    await jobs.recover()
    const found = { state: 'failed', resumed: null, verdict: { kind: 'altered', sequence: 9 } }
    expect(await jobs.wait('left')).toMatchObject(found)
  })
})

describe('a place nobody may trust', () => {
  it.each([
    ['that nobody signed', () => Promise.resolve(new Uint8Array(70))],
    ['of which there is no time', () => Promise.resolve(new Uint8Array(5))],
    ['signed by another key', (walk: Uint8Array) => sealOf('full', walk, { signer: newSigner() })],
    ['of another run', (walk: Uint8Array) => sealOf('full', walk, { id: 'another' })],
    ['of another mode', (walk: Uint8Array) => sealOf('quick', walk)],
    ['of more than a day ago', (walk: Uint8Array) => sealOf('full', walk, { at: Date.now() - 25 * HOUR })],
    ['of a time to come', (walk: Uint8Array) => sealOf('full', walk, { at: Date.now() + HOUR })],
    [
      'of long ago that was given another time',
      (walk: Uint8Array) => sealOf('full', walk, { at: Date.now() - 25 * HOUR, saysAt: Date.now() - HOUR }),
    ],
  ])('ends the run as an error: one %s', async (_, seal) => {
    const walk = await placeOf('full')
    await leave('full', walk, await seal(walk))
    const jobs = jobsOf()
    await jobs.recover()
    expect(await jobs.get('left')).toMatchObject({ state: 'error', error: 'WORKER_CRASHED', verdict: null })
  })

  it('is one of a run whose end is in the chain, put back by who can write the database', async () => {
    const walk = await placeOf('full')
    await leave('full', walk, await sealOf('full', walk))
    const object = { type: 'audit-verification' as const, id: 'left' }
    await bench.write([newIntent({ id: endIntentOf('left'), action: 'Verification', object, after: { id: 'left' } })])
    const jobs = jobsOf()
    await jobs.recover()
    expect(await jobs.get('left')).toMatchObject({ state: 'error', error: 'WORKER_CRASHED', verdict: null })
  })

  it('is not looked at without a key to seal with', async () => {
    const walk = await placeOf('full')
    await leave('full', walk, await sealOf('full', walk))
    const jobs = new VerificationJobs({ audit: bench.databases.audit, chain: CHAIN, trustedKeyIds })
    await jobs.recover()
    expect(await jobs.get('left')).toMatchObject({ state: 'error' })
  })

  it('is left alone when it is of another node', async () => {
    const walk = await placeOf('full')
    await leave('full', walk, await sealOf('full', walk), 'node-2')
    const jobs = jobsOf()
    await jobs.recover()
    expect(await jobs.get('left')).toMatchObject({ state: 'running' })
  })
})

describe('all chains of the database', () => {
  it('are named, also one that has entries but no head', async () => {
    const jobs = jobsOf()
    expect(await jobs.chains()).toEqual([CHAIN])
    change("update payload set chain = 'zzz' where sequence = 7")
    expect(await jobs.chains()).toEqual([CHAIN, 'zzz'])
    const run = await jobs.start({ mode: 'quick', requestedBy: null, chain: 'zzz', scheduled: true })
    expect(await jobs.wait(run.id)).toMatchObject({ state: 'failed', scheduled: true, verdict: { kind: 'unsealed' } })
  })
})
