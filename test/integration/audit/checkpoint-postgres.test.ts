import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createChain } from '../../../server/audit/chain-writer.ts'
import { CheckpointKeys } from '../../../server/audit/checkpoint-key.ts'
import { Checkpoints } from '../../../server/audit/checkpoints.ts'
import { Proofs } from '../../../server/audit/proofs.ts'
import { Sequencer } from '../../../server/audit/sequencer.ts'
import { createAuditDatabase, createOperationalDatabase, openDatabases } from '../../../server/db/open.ts'
import type { Databases, DatabasesConfig } from '../../../server/db/open.ts'
import { readStampedCheckpoint, stampCheckpoint } from '../../../server/db/repositories/audit-checkpoints.ts'
import {
  bindWitness,
  keepCosignature,
  listCosignatures,
  listLastCosignatures,
  listWitnessesOf,
} from '../../../server/db/repositories/audit-witnesses.ts'
import { inTransaction } from '../../../server/db/transaction.ts'
import { recordIntent } from '../../../server/audit/intent.ts'
import { verifyConsistency } from '../../../shared/audit/merkle.ts'
import { CHAIN, newIntent, newSigner } from '../../unit/server/audit/chain-bench.ts'
import { findPostgres, startCluster } from './postgres-cluster.ts'
import type { Cluster } from './postgres-cluster.ts'

const bin = findPostgres()
if (!bin) console.warn('skipped: PostgreSQL is not here; apt-get install postgresql')

/** Wraps nothing: what is sealed is not what this suite is about. */
const keys = {
  random: (bytes: number) => Promise.resolve(Uint8Array.from({ length: bytes }, (_, at) => at)),
  ensureWrappingKey: () => Promise.resolve(),
  wrap: (_: string, key: Uint8Array) => Promise.resolve(Uint8Array.from(key)),
  unwrap: (_: string, key: Uint8Array) => Promise.resolve(Uint8Array.from(key)),
}

describe.skipIf(!bin)('on PostgreSQL', () => {
  const signer = newSigner()
  let cluster: Cluster
  let databases: Databases
  let sequencer: Sequencer

  beforeAll(async () => {
    cluster = await startCluster(bin ?? '')
    const config: DatabasesConfig = {
      operational: { dialect: 'postgres', connectionString: cluster.create('operational') },
      audit: { dialect: 'postgres', connectionString: cluster.create('audit') },
    }
    await createOperationalDatabase(config.operational)
    await createAuditDatabase(config.audit)
    databases = await openDatabases(config)
    await createChain(databases.audit, { chain: CHAIN, signer })
    sequencer = new Sequencer({ ...databases, chain: CHAIN, mode: 'epoch', signer, retryMs: 20 })
    await sequencer.start()
  })
  afterAll(async () => {
    await sequencer.close()
    await databases.close()
    cluster.stop()
  })

  it('makes checkpoints, proves, keeps cosignatures and time-stamps as on SQLite', async () => {
    const silent = { info: () => undefined, error: () => undefined, fatal: () => undefined }
    const noteKeys = new CheckpointKeys({ ...databases, sequencer, chain: CHAIN, signer, keys })
    const openKey = () => noteKeys.open()
    const newCheckpoints = () =>
      new Checkpoints({ audit: databases.audit, sequencer, chain: CHAIN, openKey, log: silent })
    const grow = async (entries: number): Promise<void> => {
      const intents = Array.from({ length: entries }, () => newIntent())
      await inTransaction(databases.operational.db, async (trx) => {
        for (const intent of intents) await recordIntent(trx, intent)
      })
      await sequencer.settle(intents.map((intent) => intent.id))
    }
    const first = await newCheckpoints().make()
    await grow(600)
    const checkpoints = newCheckpoints()
    const second = await checkpoints.make()
    await grow(3)
    const third = await checkpoints.make()
    const { db } = databases.audit
    const proofs = new Proofs(db)
    for (const [from, to] of [
      [first, second],
      [first, third],
      [second, third],
    ] as const)
      verifyConsistency(from, to, await proofs.consistency(CHAIN, from.size, to.size))
    expect((await proofs.inclusion(CHAIN, 300)).size).toBe(third.size)

    const line = '\u2014 station/one AAAAAAA=\n'
    for (let size = 1; size <= 40; size += 1) {
      await keepCosignature(db, { chain: CHAIN, witness: 'station/one', size, line, signedAt: size, receivedAt: size })
    }
    await keepCosignature(db, { chain: CHAIN, witness: 'station/one', size: 40, line, signedAt: 99, receivedAt: 99 })
    expect((await listLastCosignatures(db, CHAIN)).get('station/one')).toMatchObject({ size: 40, signedAt: 99 })
    expect(await listCosignatures(db, CHAIN, 8)).toEqual([])
    expect(await listCosignatures(db, CHAIN, 9)).toHaveLength(1)

    const witness = { name: 'station/one', tenant: 'tenant-1', station: 'one', vkey: 'a', boundAt: 1 }
    await bindWitness(db, witness)
    expect(await bindWitness(db, { ...witness, vkey: 'b' })).toMatchObject({ vkey: 'a' })
    expect(await listWitnessesOf(db, 'tenant-1')).toHaveLength(1)

    await stampCheckpoint(db, second, { token: Uint8Array.of(1), at: 5 })
    await stampCheckpoint(db, second, { token: Uint8Array.of(2), at: 6 })
    expect((await readStampedCheckpoint(db, CHAIN))?.stamp).toMatchObject({ at: 5 })
  })
})
