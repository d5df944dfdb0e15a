import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { CHAIN } from './audit-chain.ts'
import { createChain } from '../../server/audit/chain-writer.ts'
import type { AuditSigner } from '../../server/audit/ports.ts'
import { AUDIT_KEY } from '../../server/foundation.ts'
import { createAuditDatabase, createOperationalDatabase, openDatabases } from '../../server/db/open.ts'
import type { Databases, DatabasesConfig } from '../../server/db/open.ts'
import { findSoftHsmLibrary, initSoftHsmToken, initSoftwareStore, openKeyStore } from '../../server/hsm/index.ts'
import type { KeyStore } from '../../server/hsm/index.ts'

export { CHAIN }

/** SoftHSM2 where it is installed; else the software store, said on standard error. One token for a whole process. */
export const openKeys = async (folder: string): Promise<KeyStore> => {
  mkdirSync(folder, { recursive: true })
  const library = findSoftHsmLibrary()
  if (library === null) {
    process.stderr.write('SoftHSM2 is not installed: the audit is measured with the software key store\n')
    const store = { folder: join(folder, 'keys'), passphraseFile: join(folder, 'passphrase') }
    await initSoftwareStore(store)
    return openKeyStore({ kind: 'software', ...store })
  }
  const token = { libraryPath: library, tokenDir: join(folder, 'tokens'), label: 'bench', pinFile: join(folder, 'pin') }
  await initSoftHsmToken({ ...token, soPinFile: join(folder, 'so-pin') })
  return openKeyStore({
    kind: 'hsm',
    libraryPath: library,
    tokenLabel: token.label,
    pinFile: token.pinFile,
    softHsmTokenDir: token.tokenDir,
  })
}

export const auditSigner = async (keys: KeyStore): Promise<AuditSigner> =>
  (await keys.has(AUDIT_KEY)) ? keys.signer(AUDIT_KEY) : keys.generate(AUDIT_KEY, 'ecdsa-p256')

export const databasesIn = (folder: string): DatabasesConfig => ({
  operational: { dialect: 'sqlite', file: join(folder, 'operational.db') },
  audit: { dialect: 'sqlite', file: join(folder, 'audit.db') },
})

/** Both databases and an empty chain, as an installation makes them. */
export const makeDatabases = async (folder: string, signer: AuditSigner): Promise<Databases> => {
  mkdirSync(folder, { recursive: true })
  const config = databasesIn(folder)
  await createOperationalDatabase(config.operational)
  await createAuditDatabase(config.audit)
  const databases = await openDatabases(config)
  await createChain(databases.audit, { chain: CHAIN, signer })
  return databases
}
