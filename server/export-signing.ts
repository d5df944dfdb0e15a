import { randomUUID } from 'node:crypto'
import type { InternalCa } from './ca/index.ts'
import type { ServerConfig } from './config.ts'
import type { OperationalDatabase } from './db/schema.ts'
import { MixedRandom, type KeyStore } from './hsm/index.ts'
import type { OwnChanges } from './jobs/own-changes.ts'
import { importedCertificates, signingConfigOf } from './key-uses.ts'
import type { ServiceDeps } from './services/deps.ts'
import { openSignatures, type Signatures } from './signing/index.ts'
import { authoritiesOf, TimestampClient } from './timestamp/client.ts'

/**
 * Signatures of exports: with the key in force now, its certificate of our CA or the one that was put in, and the
 * authorities of the configuration.
 */
export const openExportSigning = async (parts: {
  readonly config: ServerConfig
  readonly keys: KeyStore
  readonly ca: InternalCa
  readonly findIssued: ServiceDeps['findIssued']
  readonly db: OperationalDatabase
  readonly tenant: string
  readonly own: Pick<OwnChanges, 'runSettled'>
}): Promise<Signatures> => {
  const { config, keys, ca, findIssued, db, tenant, own } = parts
  return openSignatures({
    config: await signingConfigOf(config, db, tenant),
    keys,
    ca,
    findIssued,
    findImported: importedCertificates(db, tenant),
    stamps: new TimestampClient({
      authorities: authoritiesOf(config.timestamping.authorities),
      nonces: new MixedRandom(keys).bytes,
    }),
    tell: (told) => own.runSettled(randomUUID(), (_, tell) => tell({ ...told, reason: 'export-signing' })),
    subject: {
      commonName: `${config.tenant} export`.slice(0, 64),
      organization: config.ca.organization,
      country: config.ca.country,
    },
  })
}
