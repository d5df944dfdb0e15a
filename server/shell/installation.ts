import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, X509Certificate } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { AppError } from '../../shared/contract/index.ts'
import { encodePem } from '../../shared/pki/index.ts'
import { createChain } from '../audit/index.ts'
import { issueServerCertificate, type CaGateway } from '../ca/index.ts'
import { AUDIT_KEY, keyStoreConfigOf } from '../foundation.ts'
import { databaseLocation, type ServerConfig } from '../config.ts'
import { createAuditDatabase, createOperationalDatabase, openDatabases } from '../db/index.ts'
import { initSoftHsmToken, initSoftwareStore, openKeyStore } from '../hsm/index.ts'
import { WRAPPING_KEY } from '../vault/envelope.ts'
import { SESSION_WRAPPING_KEY } from '../identity/sessions.ts'

const unlessThere = async (making: Promise<void>): Promise<void> => {
  try {
    await making
  } catch (error) {
    if (!(error instanceof AppError) || error.detail['reason'] !== 'database-exists') throw error
  }
}

/**
 * Makes key store, keys, databases and chain where they are missing. Keys before databases before the chain: dying in
 * between costs only the repeat.
 */
export const makeInstallation = async (config: ServerConfig): Promise<void> => {
  const { keys: kept } = config
  if (kept.kind === 'software') await initSoftwareStore({ folder: kept.folder, passphraseFile: kept.passphraseFile })
  else {
    const { library, softHsmTokenFolder: tokenDir, tokenLabel: label, pinFile } = kept
    // The configuration has either all three or no folder.
    if (tokenDir !== undefined && label !== undefined && pinFile !== undefined)
      await initSoftHsmToken({ libraryPath: library, tokenDir, label, pinFile, soPinFile: `${pinFile}-so` })
  }
  const location = {
    operational: databaseLocation(config.databases.operational),
    audit: databaseLocation(config.databases.audit),
  }
  await unlessThere(createOperationalDatabase(location.operational))
  await unlessThere(createAuditDatabase(location.audit))
  const keys = await openKeyStore(keyStoreConfigOf(kept))
  try {
    const signer = (await keys.has(AUDIT_KEY))
      ? await keys.signer(AUDIT_KEY)
      : await keys.generate(AUDIT_KEY, 'ecdsa-p256')
    await keys.ensureWrappingKey(WRAPPING_KEY)
    await keys.ensureWrappingKey(SESSION_WRAPPING_KEY)
    const databases = await openDatabases(location)
    try {
      const { audit } = databases
      const chain = await audit.db
        .selectFrom('chain')
        .select('chain')
        .where('chain', '=', config.name)
        .executeTakeFirst()
      if (!chain) await createChain(audit, { chain: config.name, signer })
    } finally {
      await databases.close()
    }
  } finally {
    await keys.close()
  }
}

/** The old content or the new, never half of it; owner only. */
const writeWhole = (file: string, text: string): void => {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  writeFileSync(`${file}.part`, text, { mode: 0o600 })
  renameSync(`${file}.part`, file)
}

const hostsOf = (config: ServerConfig): string[] => {
  const named = new URL(config.publicUrl).hostname.replace(/^\[|\]$/g, '')
  return [...new Set(['127.0.0.1', 'localhost', named])]
}
const RENEW_BEFORE_MS = 30 * 86_400_000

const isGood = (certificateFile: string, now: number): boolean =>
  existsSync(certificateFile) &&
  new X509Certificate(readFileSync(certificateFile)).validToDate.getTime() - now > RENEW_BEFORE_MS

/** The TLS key (made where it is missing) and its certificate from our CA, and the root beside it; renewed when due. */
export const makeTls = async (config: ServerConfig, ca: CaGateway): Promise<{ rootFile: string }> => {
  const { certificateFile, keyFile } = config.tls
  const chain = await ca.chain()
  const rootFile = `${certificateFile}.root`
  const pem = (ders: readonly Uint8Array[]) => ders.map((der) => encodePem('CERTIFICATE', der)).join('')
  writeWhole(rootFile, pem(chain.slice(-1)))
  if (existsSync(keyFile) && isGood(certificateFile, Date.now())) return { rootFile }
  // A new certificate wants a new key; one without a certificate was begun and is used.
  if (!existsSync(keyFile) || existsSync(certificateFile)) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    writeWhole(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
  }
  const privateKey = createPrivateKey(readFileSync(keyFile))
  const spki = new Uint8Array(createPublicKey(privateKey).export({ type: 'spki', format: 'der' }))
  const key = {
    algorithm: 'ecdsa-sha256' as const,
    spki,
    sign: (data: Uint8Array) => Promise.resolve(new Uint8Array(sign('sha256', data, privateKey))),
  }
  const organization = config.ca.organization
  const { der } = await issueServerCertificate(ca, { hosts: hostsOf(config), key, organization })
  writeWhole(certificateFile, pem([der, ...chain.slice(0, -1)]))
  return { rootFile }
}
