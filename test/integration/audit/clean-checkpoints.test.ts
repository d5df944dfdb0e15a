import { afterEach, expect, it } from 'vitest'
import { Cleaner } from '../../../server/audit/cleaning.ts'
import { OwnChanges } from '../../../server/jobs/own-changes.ts'
import { makeLog } from '../../../server/log/log.ts'
import { encodeCheckpoint } from '../../../shared/audit/checkpoint.ts'
import { keyIdOf } from '../../../shared/audit/crypto.ts'
import { CHAIN } from '../../unit/server/audit/chain-bench.ts'
import { openCheckpointBench } from '../../unit/server/audit/checkpoint-bench.ts'
import type { CheckpointBench } from '../../unit/server/audit/checkpoint-bench.ts'
import { addTenant, TENANT } from '../../unit/server/jobs/jobs-bench.ts'

let bench: CheckpointBench
afterEach(() => bench.close())

it('a chain with checkpoints is cut behind a signed one, and checkpoints and proofs go on', async () => {
  bench = await openCheckpointBench()
  const { audit, operational } = bench.databases
  await addTenant(operational.db)
  const checkpoints = bench.checkpoints()
  await bench.grow(600)
  await checkpoints.make()
  const { db } = operational
  const own = new OwnChanges({ db, sequencer: bench.sequencer, tenant: TENANT, log: makeLog('silent') })
  const cleaner = new Cleaner({
    audit,
    maintenance: audit,
    chain: CHAIN,
    signer: () => bench.signer,
    trustedKeyIds: () => [keyIdOf(bench.signer.publicKeySpki())],
    own,
    step: 256,
    noteOf: async (size, root) => {
      const signer = await bench.noteKeys().open()
      return signer.signNote(encodeCheckpoint({ origin: signer.key.name, size, root }))
    },
  })
  await cleaner.run({ cut: 512, by: null, rule: 'window' })
  const cut = await audit.db.selectFrom('chain_cut').selectAll().executeTakeFirstOrThrow()
  expect(cut.note).toContain('\n512\n')
  for (const mode of ['full', 'quick'] as const) expect(await bench.verify(mode)).toMatchObject({ ok: true })
  await bench.grow(100)
  // As after a restart: nothing is remembered, and the tree is opened from what is stored.
  const made = await bench.checkpoints().make()
  expect(made.size).toBeGreaterThan(700)
  for (const mode of ['full', 'quick'] as const) expect(await bench.verify(mode)).toMatchObject({ ok: true })
  expect(bench.raised).toEqual([])
  // A cut whose note was changed is found.
  await audit.db
    .updateTable('chain_cut')
    .set({ note: cut.note?.replace('\n512\n', '\n511\n') ?? null })
    .execute()
  expect(await bench.verify('full')).toMatchObject({ ok: false })
})
