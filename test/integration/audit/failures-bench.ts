import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Cleaner } from '../../../server/audit/cleaning.ts'
import { createChain } from '../../../server/audit/chain-writer.ts'
import { Eraser } from '../../../server/audit/erasure.ts'
import { recordIntent } from '../../../server/audit/intent.ts'
import type { AuditSigner } from '../../../server/audit/ports.ts'
import { DEFAULT_RETENTION } from '../../../server/audit/retention-classes.ts'
import { Sequencer } from '../../../server/audit/sequencer.ts'
import type { SequencerOptions } from '../../../server/audit/sequencer.ts'
import { readRootKeyId } from '../../../server/db/repositories/audit-chain.ts'
import { createAuditDatabase, createOperationalDatabase, openDatabases } from '../../../server/db/open.ts'
import type { Databases } from '../../../server/db/open.ts'
import { inTransaction } from '../../../server/db/transaction.ts'
import { initSoftwareStore } from '../../../server/hsm/software/key-store.ts'
import { OwnChanges } from '../../../server/jobs/own-changes.ts'
import { makeLog } from '../../../server/log/log.ts'
import { keyIdOf } from '../../../shared/audit/crypto.ts'
import type { Verdict } from '../../../shared/audit/verdict.ts'
import { CHAIN, newConfig, newIntent, verifyDatabase } from '../../unit/server/audit/chain-bench.ts'
import { addTenant, TENANT } from '../../unit/server/jobs/jobs-bench.ts'
import { NOW } from './retention-bench.ts'

export const ERASED = { type: 'route', id: 'someone' }
export const ERASED_NAME = 'Zephyrinella'
export const CUT = 256

export const pemSigner = (folder: string, file: string): AuditSigner => {
  const key = createPrivateKey(readFileSync(join(folder, file)))
  const spki = Uint8Array.from(createPublicKey(key).export({ format: 'der', type: 'spki' }))
  return {
    label: file,
    algorithm: 'ed25519',
    kind: 'software',
    publicKeySpki: () => spki,
    sign: (data) => Promise.resolve(Uint8Array.from(sign(null, data, key))),
  }
}

/** Databases with 300 entries, of which twelve are about one person, and keys; closed when it returns. */
export const prepare = async (folder: string): Promise<void> => {
  for (const file of ['key.pem', 'key-2.pem']) {
    const pem = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' })
    writeFileSync(join(folder, file), pem, { mode: 0o600 })
  }
  await initSoftwareStore({ folder: join(folder, 'keys'), passphraseFile: join(folder, 'passphrase') })
  const config = newConfig(folder)
  await createOperationalDatabase(config.operational)
  await createAuditDatabase(config.audit)
  const databases = await openDatabases(config)
  const signer = pemSigner(folder, 'key.pem')
  await createChain(databases.audit, { chain: CHAIN, signer })
  await addTenant(databases.operational.db)
  const sequencer = new Sequencer({ ...databases, chain: CHAIN, mode: 'epoch', signer, epochEntries: 100 })
  await sequencer.start()
  const intents = Array.from({ length: 300 }, (_, n) =>
    newIntent(
      n % 25 < 1 ? { object: ERASED, after: { givenNames: ERASED_NAME } } : { object: { type: 'route', id: `r-${n}` } },
    ),
  )
  await inTransaction(databases.operational.db, async (trx) => {
    for (const intent of intents) await recordIntent(trx, intent)
  })
  await sequencer.settle(intents.map((intent) => intent.id))
  await sequencer.close()
  await databases.close()
}

export interface Prepared {
  readonly databases: Databases
  readonly sequencer: Sequencer
  readonly signer: AuditSigner
  clean(faults?: (point: string) => Promise<void>): Promise<void>
  erase(faults?: (point: string) => Promise<void>): Promise<void>
  verify(): Promise<Verdict>
  close(): Promise<void>
}

/** Opens what `prepare` made as a server's start would: with the key in force, and what was left behind drained. */
export const openPrepared = async (folder: string, more: Partial<SequencerOptions> = {}): Promise<Prepared> => {
  const databases = await openDatabases(newConfig(folder))
  const keys = ['key.pem', 'key-2.pem'].map((file) => pemSigner(folder, file))
  const inForce = await readRootKeyId(databases.audit.db, CHAIN)
  const signer = keys.find((key) => keyIdOf(key.publicKeySpki()) === inForce)
  const [first] = keys
  if (!signer || !first) throw new Error('no key of ours is in force')
  const sequencer = new Sequencer({ ...databases, chain: CHAIN, mode: 'epoch', signer, ...more })
  await sequencer.start()
  const log = makeLog('silent')
  const own = new OwnChanges({ db: databases.operational.db, sequencer, tenant: TENANT, log, now: () => NOW })
  const { audit, operational } = databases
  return {
    databases,
    sequencer,
    signer,
    clean: (faults = () => Promise.resolve()) =>
      new Cleaner({
        audit,
        maintenance: audit,
        chain: CHAIN,
        signer: () => signer,
        trustedKeyIds: () => keys.map((key) => keyIdOf(key.publicKeySpki())),
        own,
        step: 100,
        faults,
      }).run({ cut: CUT, by: null, rule: 'window' }),
    erase: async (faults = () => Promise.resolve()) => {
      const settings = () => Promise.resolve(DEFAULT_RETENTION)
      const eraser = new Eraser({ audit, maintenance: audit, operational, chain: CHAIN, own, settings, faults })
      await eraser.eraseObject(ERASED, { id: 'erasure_1', by: 'operator-1', rule: 'object-deleted' })
    },
    // The first key began the chain: everything stands on it.
    verify: () => verifyDatabase(databases, first, 'full'),
    close: async () => {
      await sequencer.close()
      await databases.close()
    },
  }
}
