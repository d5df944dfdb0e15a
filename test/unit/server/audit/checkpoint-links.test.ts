import { afterEach, describe, expect, it } from 'vitest'
import { readStoredChain } from '../../../../server/audit/stored-chain.ts'
import { listNoteKeys } from '../../../../server/db/repositories/audit-checkpoints.ts'
import { keyIdOf } from '../../../../shared/audit/crypto.ts'
import {
  encodeNoteKeyStatement,
  noteKeySigningBytes,
  parseNoteKeyStatement,
} from '../../../../shared/audit/note-key-statement.ts'
import { verifyInParallel } from '../../../../shared/audit/parallel.ts'
import type { Verdict } from '../../../../shared/audit/verdict.ts'
import { verifyChain } from '../../../../shared/audit/verification.ts'
import { poolOver } from '../../shared/audit/memory-chain.ts'
import { CHAIN } from './chain-bench.ts'
import { openCheckpointBench } from './checkpoint-bench.ts'
import type { CheckpointBench } from './checkpoint-bench.ts'

let bench: CheckpointBench
afterEach(() => bench.close())

/** A chain with so many checkpoints, one each ten entries or so; gives their sizes. */
const grown = async (count: number): Promise<number[]> => {
  bench = await openCheckpointBench({ mode: 'epoch' })
  return more(count)
}
const more = async (count: number): Promise<number[]> => {
  const sizes: number[] = []
  for (let made = 0; made < count; made += 1) {
    await bench.grow(10)
    sizes.push((await bench.checkpoints().make()).size)
  }
  return sizes
}

/** As a program before there were links left it: rows without, and a note key that never promised any. */
const makeOld = async (): Promise<void> => {
  const { db } = bench.databases.audit
  await db.updateTable('checkpoint').set({ previous_size: null, link: null }).execute()
  for (const { keyId, statement } of await listNoteKeys(db, CHAIN)) {
    const { key: _key, links: _links, ...said } = parseNoteKeyStatement(statement)
    const old = encodeNoteKeyStatement(said)
    const endorsement = await bench.signer.sign(noteKeySigningBytes(old))
    await db.updateTable('note_key').set({ statement: old, endorsement }).where('key_id', '=', keyId).execute()
  }
}
const forget = (size: number) =>
  bench.databases.audit.db.deleteFrom('checkpoint').where('size', '=', size).executeTakeFirstOrThrow()

/** Both modes, in order and by segments. */
const verdicts = async (): Promise<readonly Verdict[]> => {
  const stored = await readStoredChain(bench.databases.audit.db, CHAIN)
  const found: Verdict[] = []
  for (const mode of ['quick', 'full'] as const) {
    const options = { mode, trustedKeyIds: [keyIdOf(bench.signer.publicKeySpki())] }
    const inOrder = await verifyChain(stored, options)
    const bySegments = await verifyInParallel(stored, { ...options, pool: poolOver(stored), segment: 8 })
    expect(bySegments).toEqual(inOrder)
    found.push(inOrder)
  }
  return found
}
const expectAll = async (expected: object): Promise<void> => {
  for (const verdict of await verdicts()) expect(verdict).toMatchObject(expected)
}
const gone = (sequence: number | undefined) => ({ ok: false, kind: 'deleted', what: 'checkpoint', sequence })

describe('the links of checkpoints', () => {
  it('lead each to the one before, over restarts, and are missed when one is gone', async () => {
    const sizes = await grown(4)
    const rows = await bench.databases.audit.db.selectFrom('checkpoint').selectAll().orderBy('size').execute()
    expect(rows.map((row) => row.previous_size)).toEqual([0, ...sizes.slice(0, -1)])
    await expectAll({ ok: true })
    await forget(sizes[2]!)
    await expectAll(gone(sizes[2]))
    await forget(sizes[0]!)
    await expectAll(gone(sizes[0]))
  })

  it('are not there in rows of before, which pass up to the first that has one', async () => {
    const old = await grown(3)
    await makeOld()
    await expectAll({ ok: true })
    const [next] = await more(1)
    await more(1)
    await expectAll({ ok: true })
    // Of those before links only the last is missed.
    await forget(old[0]!)
    await expectAll({ ok: true })
    await forget(old[2]!)
    await expectAll(gone(old[2]))
    await bench.databases.audit.db.deleteFrom('checkpoint').where('size', '<', next!).execute()
    await expectAll(gone(old[2]))
  })

  it('cannot be left out after one that is there, nor by a key that promises them', async () => {
    const [first, second] = await grown(2)
    const { db } = bench.databases.audit
    await db.updateTable('checkpoint').set({ previous_size: null, link: null }).where('size', '=', second!).execute()
    await expectAll({ ok: false, kind: 'altered', what: 'checkpoint.link', sequence: second })
    await db.updateTable('checkpoint').set({ previous_size: null, link: null }).execute()
    await expectAll({ ok: false, kind: 'altered', what: 'checkpoint.link', sequence: first })
  })

  it('never lead two checkpoints to the same one, whoever makes them at once', async () => {
    await grown(1)
    const writers = Array.from({ length: 4 }, () => bench.checkpoints())
    for (let round = 0; round < 4; round += 1) {
      await Promise.all(
        writers.map(async (writer, place) => {
          await bench.grow(place + 1)
          await writer.make()
        }),
      )
    }
    const rows = await bench.databases.audit.db.selectFrom('checkpoint').selectAll().orderBy('size').execute()
    expect(rows.map((row) => row.previous_size)).toEqual([0, ...rows.slice(0, -1).map((row) => row.size)])
    expect(bench.raised).toEqual([])
    await expectAll({ ok: true })
  })
})
