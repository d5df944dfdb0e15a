import { setImmediate as breathe } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import {
  readEntryBytes,
  readLatestCheckpoint,
  listNoteKeys,
} from '../../../../server/db/repositories/audit-checkpoints.ts'
import { CHECKPOINT_FAULTS } from '../../../../server/audit/checkpoint-ports.ts'
import { parseCheckpoint, parseNoteKey, verifyNote } from '../../../../shared/audit/checkpoint.ts'
import { createSignatureVerifier, keyIdOf } from '../../../../shared/audit/crypto.ts'
import { leafHash, rangeHashOf, verifyConsistency, verifyInclusion } from '../../../../shared/audit/merkle.ts'
import {
  originOf,
  parseNoteKeyStatement,
  traceHsmKeys,
  verifyCheckpointNote,
} from '../../../../shared/audit/note-key-statement.ts'
import { verifyTlogProof } from '../../../../shared/audit/tlog-proof.ts'
import { listAuditKeys } from '../../../../server/db/repositories/audit-chain.ts'
import { CHAIN, newIntent, newSigner } from './chain-bench.ts'
import { openCheckpointBench } from './checkpoint-bench.ts'
import type { CheckpointBench } from './checkpoint-bench.ts'

const verify = createSignatureVerifier()
let bench: CheckpointBench
afterEach(() => bench.close())

const leaves = async (): Promise<Uint8Array[]> =>
  (await readEntryBytes(bench.databases.audit.db, CHAIN, 0, Number.MAX_SAFE_INTEGER)).map(leafHash)

describe('a checkpoint', () => {
  it('is the root of the entries, signed by a key the key store vouches for, named after its first key', async () => {
    bench = await openCheckpointBench()
    await bench.grow(20)
    const made = await bench.checkpoints().make()
    const hashes = await leaves()
    expect(made.size).toBe(hashes.length)
    expect(made.root).toEqual(rangeHashOf(hashes)(0, hashes.length))

    const statements = await listNoteKeys(bench.databases.audit.db, CHAIN)
    const rootKeyId = keyIdOf(bench.signer.publicKeySpki())
    const hsmKeys = traceHsmKeys(CHAIN, await listAuditKeys(bench.databases.audit.db, CHAIN), [rootKeyId], verify)
    const proved = verifyCheckpointNote(made.note, statements, hsmKeys, verify)
    expect(proved.checkpoint).toMatchObject({ origin: originOf(CHAIN, rootKeyId), size: made.size })
    const stranger = { keyId: 'x', spki: newSigner().publicKeySpki() }
    expect(() => verifyCheckpointNote(made.note, statements, [stranger], verify)).toThrow('REQUEST_INVALID')
    expect(await bench.verify()).toMatchObject({ ok: true })
  })

  it('is announced before it signs, once', async () => {
    bench = await openCheckpointBench()
    await bench.checkpoints().make()
    await bench.checkpoints().make()
    const rows = await bench.databases.audit.db
      .selectFrom('entry')
      .select('sequence')
      .where('object_id', 'like', 'note-key:%')
      .execute()
    expect(rows).toHaveLength(1)
    expect(await listNoteKeys(bench.databases.audit.db, CHAIN)).toHaveLength(1)
  })

  it('extends every one before, over restarts and at any size', async () => {
    bench = await openCheckpointBench()
    const made = []
    for (const entries of [1, 3, 250, 5, 300, 1, 600]) {
      await bench.grow(entries)
      made.push(await bench.checkpoints().make())
    }
    const last = made.at(-1)!
    for (const one of made) {
      const proof = await bench.proofs.consistency(CHAIN, one.size, last.size)
      verifyConsistency(one, last, proof)
    }
    const hashes = await leaves()
    for (const index of [0, 1, 255, 256, 511, 512, last.size - 1]) {
      const proof = await bench.proofs.inclusion(CHAIN, index)
      verifyInclusion({ leaf: hashes[index]!, index, size: last.size, root: last.root }, proof.hashes)
      const [key] = await listNoteKeys(bench.databases.audit.db, CHAIN)
      const shown = verifyTlogProof(proof.file, proof.entry, parseNoteKeyStatement(key!.statement).key, verify)
      expect(shown.index).toBe(index)
    }
    await expect(bench.proofs.inclusion(CHAIN, last.size)).rejects.toMatchObject({ code: 'AUDIT_PROOF_UNAVAILABLE' })
    await expect(bench.proofs.consistency(CHAIN, 1, last.size + 1)).rejects.toMatchObject({
      code: 'AUDIT_PROOF_UNAVAILABLE',
    })
  })

  it('is not made twice for one size, and by two at once says the same', async () => {
    bench = await openCheckpointBench()
    await bench.grow(10)
    const [one, other] = [bench.checkpoints(), bench.checkpoints()]
    await one.make()
    await bench.grow(10)
    const both = await Promise.all([one.make(), other.make(), one.make()])
    expect(new Set(both.map((made) => Buffer.from(made.root).toString('hex'))).size).toBe(1)
    const rows = await bench.databases.audit.db.selectFrom('checkpoint').selectAll().execute()
    expect(rows).toHaveLength(2)
  })

  it('is due by count and by time', async () => {
    bench = await openCheckpointBench()
    let now = 1_000_000
    const checkpoints = bench.checkpoints({ entries: 50, ms: 1000, now: () => now })
    await checkpoints.tick()
    const first = checkpoints.latest!.size
    await bench.grow(10)
    await checkpoints.tick()
    expect(checkpoints.latest!.size).toBe(first)
    expect(checkpoints.state()).toMatchObject({ size: first, unsealed: 10, problem: null })
    now += 1000
    await checkpoints.tick()
    expect(checkpoints.latest!.size).toBe(first + 10)
    await bench.grow(50)
    await checkpoints.tick()
    expect(checkpoints.latest!.size).toBe(first + 60)
    await checkpoints.tick()
    expect(checkpoints.state().unsealed).toBe(0)
  })

  it('may be signed by a new key, bound by the key store key in force then', async () => {
    bench = await openCheckpointBench()
    await bench.grow(3)
    const checkpoints = bench.checkpoints()
    const before = await checkpoints.make()
    const next = await bench.noteKeys().rotate()
    checkpoints.forget()
    const after = await checkpoints.make()
    expect(parseCheckpoint(verifyNote(after.note, next.key, verify)).size).toBe(after.size)
    const statements = await listNoteKeys(bench.databases.audit.db, CHAIN)
    const hsm = [{ keyId: keyIdOf(bench.signer.publicKeySpki()), spki: bench.signer.publicKeySpki() }]
    for (const made of [before, after]) verifyCheckpointNote(made.note, statements, hsm, verify)
    expect(() => verifyNote(before.note, next.key, verify)).toThrow('REQUEST_INVALID')
  })
})

const tampers: readonly (readonly [string, string, () => Promise<unknown>])[] = [
  [
    'an entry was changed',
    'checkpoint-forked',
    () => {
      const { db } = bench.databases.audit
      return db
        .updateTable('entry')
        .set({ bytes: Buffer.from('{}') })
        .where('sequence', '=', 9)
        .execute()
    },
  ],
  [
    'an entry was removed',
    'entry-missing',
    () => bench.databases.audit.db.deleteFrom('entry').where('sequence', '=', 9).execute(),
  ],
  [
    'the tail was cut',
    'checkpoint-truncated',
    async () => {
      const { db } = bench.databases.audit
      await db.deleteFrom('entry').where('sequence', '>', 20).execute()
      await db.updateTable('chain').set({ head_sequence: 20 }).execute()
    },
  ],
  [
    "the writer's edge was changed",
    'checkpoint-tree',
    () =>
      bench.databases.audit.db
        .updateTable('chain')
        .set({ frontier: Buffer.alloc(64) })
        .execute(),
  ],
  [
    'the last note is signed by nobody known',
    'checkpoint-signature',
    async () => {
      const { db } = bench.databases.audit
      const latest = (await readLatestCheckpoint(db, CHAIN))!
      await db
        .updateTable('checkpoint')
        .set({ note: latest.note.replace(/ \S+\n$/, ` ${'A'.repeat(92)}\n`) })
        .execute()
    },
  ],
]

describe('when the chain is not what was signed before', () => {
  it.each(tampers)('%s: signs nothing, logs and alarms once', async (_, reason, tamper) => {
    bench = await openCheckpointBench()
    await bench.grow(40)
    await bench.checkpoints().make()
    await tamper()
    const checkpoints = bench.checkpoints()
    await expect(checkpoints.make()).rejects.toMatchObject({
      code: expect.stringMatching(/CHAIN_CONFLICT|AUDIT_PROOF/),
    })
    await checkpoints.tick()
    expect(checkpoints.state().problem).toBe(reason)
    expect(bench.logged.filter((line) => line.startsWith('fatal'))).toHaveLength(1)
    expect(bench.raised).toMatchObject([{ kind: 'verification-failed', severity: 'critical' }])
    const rows = await bench.databases.audit.db.selectFrom('checkpoint').selectAll().execute()
    expect(rows).toHaveLength(1)
  })
})

describe('when a write fails', () => {
  it.each(CHECKPOINT_FAULTS)("%s: the next try makes it, and it is the chain's real past", async (point) => {
    bench = await openCheckpointBench()
    await bench.grow(300)
    let left = 1
    const faults = (at: string): Promise<void> => {
      if (at !== point || left === 0) return Promise.resolve()
      left -= 1
      return Promise.reject(new Error('planted'))
    }
    const options = {
      audit: bench.databases.audit,
      operational: bench.databases.operational,
      sequencer: bench.sequencer,
      chain: CHAIN,
      signer: bench.signer,
      keys: bench.keys,
      faults,
    }
    const { CheckpointKeys } = await import('../../../../server/audit/checkpoint-key.ts')
    const checkpoints = bench.checkpoints({ openKey: () => new CheckpointKeys(options).open(), faults })
    await expect(checkpoints.make()).rejects.toThrow('planted')
    const made = await checkpoints.make()
    const hashes = await leaves()
    expect(made.size).toBe(hashes.length)
    expect(Uint8Array.from(made.root)).toEqual(rangeHashOf(hashes)(0, hashes.length))
    expect(await listNoteKeys(bench.databases.audit.db, CHAIN)).toHaveLength(1)
    expect(bench.raised).toEqual([])
    expect(checkpoints.state().problem).toBeNull()
    expect(await bench.verify()).toMatchObject({ ok: true })
  })
})

describe('when entries are written all the while', () => {
  it('no append waits for a checkpoint, and every checkpoint is of the real past', async () => {
    bench = await openCheckpointBench()
    const checkpoints = bench.checkpoints({ entries: 20 })
    const writing = Promise.all(
      Array.from({ length: 8 }, async () => {
        for (let round = 0; round < 30; round += 1) {
          await bench.write([newIntent()])
          // As between requests: over a database in this process, writers alone would never let a timer run.
          await breathe()
        }
      }),
    )
    const ticking = setInterval(() => void checkpoints.tick(), 2)
    await writing
    clearInterval(ticking)
    await checkpoints.make()
    const hashes = await leaves()
    const rows = await bench.databases.audit.db.selectFrom('checkpoint').selectAll().execute()
    expect(bench.logged).toEqual([])
    expect(rows.length).toBeGreaterThan(1)
    for (const row of rows) expect(Buffer.from(row.root)).toEqual(Buffer.from(rangeHashOf(hashes)(0, row.size)))
  })
})

describe('a note key', () => {
  it('lies sealed in the database and nowhere in clear', async () => {
    bench = await openCheckpointBench()
    const key = await bench.noteKeys().open()
    const [row] = await listNoteKeys(bench.databases.audit.db, CHAIN)
    expect(row!.sealed.length).toBeGreaterThan(32)
    expect(parseNoteKey(parseNoteKeyStatement(row!.statement).vkey)).toEqual(key.key)
    await bench.databases.audit.db
      .updateTable('note_key')
      .set({ sealed: Buffer.alloc(row!.sealed.length) })
      .execute()
    await expect(bench.noteKeys().open()).rejects.toMatchObject({ code: 'SEALED_INVALID' })
  })
})
