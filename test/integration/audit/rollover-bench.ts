import { join } from 'node:path'
import { KeyRollover, planRollover } from '../../../server/audit/key-rollover.ts'
import type { AuditSigner } from '../../../server/audit/ports.ts'
import { createChain } from '../../../server/audit/chain-writer.ts'
import { Sequencer } from '../../../server/audit/sequencer.ts'
import type { SequencerOptions } from '../../../server/audit/sequencer.ts'
import { createAuditDatabase, createOperationalDatabase, openDatabases } from '../../../server/db/open.ts'
import type { Databases } from '../../../server/db/open.ts'
import { initSoftwareStore, openSoftwareKeyStore } from '../../../server/hsm/software/key-store.ts'
import type { KeyStore } from '../../../server/hsm/signer.ts'
import { keyIdOf } from '../../../shared/audit/crypto.ts'
import type { Verdict } from '../../../shared/audit/verdict.ts'
import { CHAIN, newConfig, verifyDatabase } from '../../unit/server/audit/chain-bench.ts'

const storeOf = (folder: string) => ({ folder: join(folder, 'keys'), passphraseFile: join(folder, 'passphrase') })

/** A chain whose key lies in a key store; closed when it returns. */
export const prepareRolling = async (folder: string): Promise<void> => {
  await initSoftwareStore(storeOf(folder))
  const keys = await openSoftwareKeyStore({ kind: 'software', ...storeOf(folder) })
  const config = newConfig(folder)
  await createOperationalDatabase(config.operational)
  await createAuditDatabase(config.audit)
  const databases = await openDatabases(config)
  await createChain(databases.audit, { chain: CHAIN, signer: await keys.generate('audit.chain', 'ecdsa-p256') })
  await databases.close()
  await keys.close()
}

export interface Rolling {
  readonly databases: Databases
  readonly sequencer: Sequencer
  readonly keys: KeyStore
  /** What the server signs with beside entries. */
  readonly adopted: () => AuditSigner
  /** The job, as it is run again and again until it ended well. */
  roll(): Promise<void>
  verify(): Promise<Verdict>
  close(): Promise<void>
}

/** Opens it as a server's start does: with the key in force. The order is to the second key, whenever it is opened. */
export const openRolling = async (
  folder: string,
  faults: (point: string) => Promise<void> = () => Promise.resolve(),
  more: Partial<SequencerOptions> = {},
): Promise<Rolling> => {
  const databases = await openDatabases(newConfig(folder))
  const keys = await openSoftwareKeyStore({ kind: 'software', ...storeOf(folder) })
  const first = await keys.signer('audit.chain')
  const plan = await planRollover(databases.audit.db, CHAIN)
  let signer: AuditSigner = await keys.signer(plan?.inForce.label ?? '')
  const sequencer = new Sequencer({ ...databases, chain: CHAIN, mode: 'epoch', signer, faults, ...more })
  await sequencer.start()
  const rollover = new KeyRollover({
    audit: databases.audit,
    chain: CHAIN,
    keys,
    sequencer,
    adopt: (next) => {
      signer = next
      return Promise.resolve()
    },
    faults,
  })
  const body = { chain: CHAIN, from: keyIdOf(first.publicKeySpki()), label: 'audit.chain.2', certificate: null }
  const job = { id: 'job_1', kind: 'audit-key-rollover', attempt: 1, schedule: null, requestedBy: null } as const
  return {
    databases,
    sequencer,
    keys,
    adopted: () => signer,
    roll: () => rollover.handler().run({ ...job, body, signal: new AbortController().signal }),
    verify: () => verifyDatabase(databases, first, 'full'),
    close: async () => {
      await sequencer.close()
      await databases.close()
      await keys.close()
    },
  }
}
