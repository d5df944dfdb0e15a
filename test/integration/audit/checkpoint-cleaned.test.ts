import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CheckpointKeys } from '../../../server/audit/checkpoint-key.ts'
import { Checkpoints } from '../../../server/audit/checkpoints.ts'
import { Proofs } from '../../../server/audit/proofs.ts'
import { readCheckpoint, readEntryBytes } from '../../../server/db/repositories/audit-checkpoints.ts'
import { keepCosignature } from '../../../server/db/repositories/audit-witnesses.ts'
import { AppError } from '../../../shared/contract/errors.ts'
import { leafHash, verifyConsistency, verifyInclusion } from '../../../shared/audit/merkle.ts'
import { CHAIN } from '../../unit/server/audit/chain-bench.ts'
import { MONTH_MS, NOW, openRetention } from './retention-bench.ts'
import type { RetentionBench } from './retention-bench.ts'

let bench: RetentionBench
const problems: string[] = []
beforeEach(async () => {
  problems.length = 0
  bench = await openRetention()
})
afterEach(() => bench.close())

const OLD = NOW - 30 * MONTH_MS
/** Seals nothing: the sealing is not what this suite is about. */
const keys = {
  random: (bytes: number) => Promise.resolve(Uint8Array.from({ length: bytes }, (_, at) => at)),
  ensureWrappingKey: () => Promise.resolve(),
  wrap: (_: string, key: Uint8Array) => Promise.resolve(Uint8Array.from(key)),
  unwrap: (_: string, key: Uint8Array) => Promise.resolve(Uint8Array.from(key)),
}
const make = () => {
  const { databases, sequencer, signer } = bench
  const noteKeys = new CheckpointKeys({ ...databases, sequencer, chain: CHAIN, signer, keys })
  const tell = (_: object, text: string) => void problems.push(text)
  const log = { info: () => undefined, error: tell, fatal: tell }
  const openKey = () => noteKeys.open()
  return new Checkpoints({ audit: databases.audit, sequencer, chain: CHAIN, openKey, log }).make()
}
const noteOf = async (size: number) => (await readCheckpoint(bench.databases.audit.db, CHAIN, size))?.note ?? null
const clean = (cut: number) => bench.cleaner({ noteOf }).run({ by: 'operator-1', rule: 'window', cut })

describe('when entries were removed by cleaning', () => {
  it('checkpoints go on from the cut, and prove what is left and what they signed at and after it', async () => {
    await bench.fill(300, OLD)
    const below = await make()
    await bench.fill(400, OLD)
    const above = await make()
    await bench.fill(20, NOW)
    await clean(512)
    const made = await make()
    await bench.fill(300, NOW)
    const last = await make()
    expect(problems).toEqual([])
    const { db } = bench.databases.audit
    const proofs = new Proofs(db)
    for (const one of [above, made]) verifyConsistency(one, last, await proofs.consistency(CHAIN, one.size, last.size))
    for (const index of [512, 513, 600, last.size - 1]) {
      const [bytes] = await readEntryBytes(db, CHAIN, index, index + 1)
      const proof = await proofs.inclusion(CHAIN, index)
      const leaf = leafHash(bytes ?? new Uint8Array())
      verifyInclusion({ leaf, index, size: last.size, root: last.root }, proof.hashes)
    }
    const removed = { code: 'AUDIT_PROOF_UNAVAILABLE', detail: { reason: 'removed' } }
    await expect(proofs.consistency(CHAIN, below.size, last.size)).rejects.toMatchObject(removed)
    await expect(proofs.inclusion(CHAIN, 511)).rejects.toMatchObject(removed)
    expect(await bench.verify('full')).toMatchObject({ ok: true })
  })

  it('whoever had signed a checkpoint before is shown that nothing changed, whatever its size', async () => {
    const { db } = bench.databases.audit
    const made: { readonly size: number; readonly root: Uint8Array }[] = []
    for (const count of [1, 3, 60, 61, 2, 300, 200, 8]) {
      await bench.fill(count, OLD)
      made.push(await make())
    }
    const [unseen, ...seen] = made
    const signed = { chain: CHAIN, line: 'x', signedAt: 1, receivedAt: 1 }
    for (const [at, { size }] of seen.entries()) await keepCosignature(db, { ...signed, witness: `desk-${at}`, size })
    await bench.fill(400, OLD)
    await bench.fill(20, NOW)
    const before = await make()
    // Over several steps, and once more over what was cut before.
    await clean(512)
    await clean(1024)
    await bench.fill(300, NOW)
    const last = await make()
    expect(problems).toEqual([])
    expect(seen.filter(({ size }) => size < 512 && size % 256 !== 0).length).toBeGreaterThanOrEqual(4)
    for (const proofs of [new Proofs(db), new Proofs(db)]) {
      for (const one of [...seen, before]) {
        verifyConsistency(one, last, await proofs.consistency(CHAIN, one.size, last.size))
        if (one.size < before.size)
          verifyConsistency(one, before, await proofs.consistency(CHAIN, one.size, before.size))
      }
      const { size = 0 } = unseen ?? {}
      await expect(proofs.consistency(CHAIN, size, last.size)).rejects.toMatchObject({ detail: { reason: 'removed' } })
    }
    const kept = await db.selectFrom('tree_hash').select('level').where('level', '<', 0).execute()
    expect(kept.length).toBeLessThanOrEqual(seen.length * 16)
    expect(await bench.verify('full')).toMatchObject({ ok: true })
    expect(await bench.verify('quick')).toMatchObject({ ok: true })
    // Whoever changes what was kept has a proof that fails, and no other past shown as ours.
    await db
      .updateTable('tree_hash')
      .set({ hash: new Uint8Array(32) })
      .where('level', '<', 0)
      .execute()
    const [spoiled] = seen
    const { size = 0, root = new Uint8Array() } = spoiled ?? {}
    const proof = await new Proofs(db).consistency(CHAIN, size, last.size)
    expect(() => verifyConsistency({ size, root }, last, proof)).toThrow(AppError)
  })

  it('the first checkpoint may be made behind the cut', async () => {
    await bench.fill(700, OLD)
    await bench.fill(20, NOW)
    await clean(512)
    const first = await make()
    await bench.fill(300, NOW)
    const last = await make()
    expect(problems).toEqual([])
    const proofs = new Proofs(bench.databases.audit.db)
    verifyConsistency(first, last, await proofs.consistency(CHAIN, first.size, last.size))
    expect((await proofs.inclusion(CHAIN, 512)).size).toBe(last.size)
    expect(await bench.verify('quick')).toMatchObject({ ok: true })
  })
})
