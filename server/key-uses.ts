import type { ServerConfig } from './config.ts'
import type { Databases } from './db/index.ts'
import { findKeyCertificate, keyInForce } from './db/repositories/keys.ts'
import type { OperationalDatabase } from './db/schema.ts'
import { isChainKeyLabel } from './foundation.ts'
import type { KeyStore } from './hsm/index.ts'
import { Keys } from './services/keys.ts'

interface Ground {
  readonly config: ServerConfig
  readonly databases: Databases
}

/** The key store's keys as people see them: the server's console and the shell. */
export const keysOf = (
  { config, databases }: Ground,
  keys: Pick<KeyStore, 'kind' | 'description' | 'list'>,
  tenant: string,
): Keys =>
  new Keys({
    keys,
    db: databases.operational.db,
    audit: databases.audit.db,
    tenant,
    chain: config.name,
    exportKey: config.signing.key.label,
    isChainKey: isChainKeyLabel,
  })

/** How exports are signed, with the key of the last roll-over in place of the first one. */
export const signingConfigOf = async (
  { signing }: ServerConfig,
  db: OperationalDatabase,
  tenant: string,
): Promise<ServerConfig['signing']> => {
  const label = await keyInForce(db, tenant, 'export', signing.key.label)
  return { ...signing, key: { ...signing.key, label } }
}

/** The certificate another authority issued for a key, DER, with what leads to its anchor; none where there is none. */
export const importedCertificates =
  (db: OperationalDatabase, tenant: string) =>
  async (label: string): Promise<readonly Uint8Array[]> =>
    (await findKeyCertificate(db, tenant, label))?.chain ?? []
