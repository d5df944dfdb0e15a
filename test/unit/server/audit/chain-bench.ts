import { generateKeyPairSync, sign } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createChain } from '../../../../server/audit/chain-writer.ts'
import { recordIntent } from '../../../../server/audit/intent.ts'
import type { AuditIntent } from '../../../../server/audit/intent.ts'
import type { AuditSigner } from '../../../../server/audit/ports.ts'
import { Sequencer } from '../../../../server/audit/sequencer.ts'
import type { SequencerOptions } from '../../../../server/audit/sequencer.ts'
import { readStoredChain } from '../../../../server/audit/stored-chain.ts'
import { newId } from '../../../../server/db/id.ts'
import { createAuditDatabase, createOperationalDatabase, openDatabases } from '../../../../server/db/open.ts'
import type { Databases, DatabasesConfig } from '../../../../server/db/open.ts'
import { inSnapshot, inTransaction } from '../../../../server/db/transaction.ts'
import { keyIdOf } from '../../../../shared/audit/crypto.ts'
import type { Verdict, VerificationMode } from '../../../../shared/audit/verdict.ts'
import { verifyChain } from '../../../../shared/audit/verification.ts'

export const CHAIN = 'node-1'

export const newSigner = (label = 'audit', type: 'ed25519' | 'ec' = 'ec'): AuditSigner => {
  const pair = type === 'ec' ? generateKeyPairSync('ec', { namedCurve: 'prime256v1' }) : generateKeyPairSync('ed25519')
  const spki = Uint8Array.from(pair.publicKey.export({ format: 'der', type: 'spki' }))
  const hash = type === 'ec' ? 'sha256' : null
  return {
    label,
    algorithm: type === 'ec' ? 'ecdsa-p256' : 'ed25519',
    kind: 'software',
    publicKeySpki: () => spki,
    sign: (data) => Promise.resolve(Uint8Array.from(sign(hash, data, pair.privateKey))),
  }
}

export const newIntent = (more: Partial<AuditIntent> = {}): AuditIntent => ({
  id: newId('intent'),
  at: Date.now(),
  tenant: 'tenant-1',
  division: 'division-1',
  office: 'office-1',
  operator: { id: 'operator-1', role: 'RO', office: 'office-1' },
  station: 'station-1',
  action: 'Insertion',
  object: { type: 'holder', id: 'holder-1' },
  correlationId: 'request-1',
  before: null,
  after: { givenNames: 'Anna', familyName: 'Rossi', height: 171 },
  reason: null,
  ...more,
})

/** Real databases in a folder of their own, a chain, and a sequencer over it. */
export interface Bench {
  readonly folder: string
  readonly config: DatabasesConfig
  readonly databases: Databases
  readonly signer: AuditSigner
  readonly sequencer: Sequencer
  record(intents: readonly AuditIntent[]): Promise<void>
  /** Records in one transaction each and settles all. */
  write(intents: readonly AuditIntent[]): Promise<void>
  verify(mode?: VerificationMode): Promise<Verdict>
  close(): Promise<void>
}

export const newConfig = (folder: string): DatabasesConfig => ({
  operational: { dialect: 'sqlite', file: join(folder, 'operational.db') },
  audit: { dialect: 'sqlite', file: join(folder, 'audit.db'), busyTimeoutMs: 50 },
})

export const verifyDatabase = async (
  databases: Databases,
  trusted: AuditSigner,
  mode: VerificationMode = 'full',
): Promise<Verdict> =>
  // What the server does by itself is in the chain some time later: head and entries are of one moment here as well.
  inSnapshot(databases.audit.db, databases.audit.dialect, async (trx) =>
    verifyChain(await readStoredChain(trx, CHAIN), {
      mode,
      trustedKeyIds: [keyIdOf(trusted.publicKeySpki())],
    }),
  )

export const openBench = async (
  options: Partial<SequencerOptions> = {},
  { start = true }: { start?: boolean } = {},
): Promise<Bench> => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-audit-'))
  const config = newConfig(folder)
  await createOperationalDatabase(config.operational)
  await createAuditDatabase(config.audit)
  const databases = await openDatabases(config)
  const signer = options.signer ?? newSigner()
  await createChain(databases.audit, { chain: CHAIN, signer })
  const sequencer = new Sequencer({
    chain: CHAIN,
    mode: 'epoch',
    signer,
    operational: databases.operational,
    audit: databases.audit,
    retryMs: 5,
    retryMaxMs: 20,
    ...options,
  })
  if (start) await sequencer.start()
  const record = (intents: readonly AuditIntent[]): Promise<void> =>
    inTransaction(databases.operational.db, async (trx) => {
      for (const intent of intents) await recordIntent(trx, intent)
    })
  return {
    folder,
    config,
    databases,
    signer,
    sequencer,
    record,
    write: async (intents) => {
      await record(intents)
      await sequencer.settle(intents.map((intent) => intent.id))
    },
    verify: (mode) => verifyDatabase(databases, signer, mode),
    close: async () => {
      await sequencer.close()
      await databases.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
