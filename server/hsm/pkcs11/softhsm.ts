import pkcs11js, { type Handle } from 'pkcs11js'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { unavailable } from '../failure.ts'
import { ensureSecretFile, makePrivateFolder, readSecretFile, writeNewFile } from '../secret-file.ts'
import { translate } from './ck-error.ts'
import { acquireModule, findTokenSlot, padTokenLabel, releaseModule, type Cryptoki } from './module.ts'

/** Where packages put SoftHSM2, by platform. A new place is a new row. */
const PLACES: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  linux: [
    '/usr/lib/softhsm/libsofthsm2.so',
    '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
    '/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so',
    '/usr/lib64/pkcs11/libsofthsm2.so',
    '/usr/lib64/libsofthsm2.so',
    '/usr/lib/libsofthsm2.so',
    '/usr/local/lib/softhsm/libsofthsm2.so',
  ],
  darwin: [
    '/opt/homebrew/lib/softhsm/libsofthsm2.so',
    '/usr/local/lib/softhsm/libsofthsm2.so',
    '/opt/local/lib/softhsm/libsofthsm2.so',
  ],
  win32: ['C:\\SoftHSM2\\lib\\softhsm2-x64.dll', 'C:\\Program Files\\SoftHSM2\\lib\\softhsm2-x64.dll'],
}

/** The SoftHSM2 module of this machine, or null. */
export const findSoftHsmLibrary = (places = PLACES[process.platform] ?? []): string | null =>
  places.find((path) => existsSync(path)) ?? null

const CONFIG_NAME = 'softhsm2.conf'

/**
 * The environment in which SoftHSM2 uses a token folder of its own; it reads that when it is initialised, so each
 * process has one. Throws HSM_UNAVAILABLE `token-missing` where there is no such folder: one that was taken away must
 * not be replaced by an empty one.
 */
export async function softHsmEnvironment(tokenDir: string): Promise<{ readonly SOFTHSM2_CONF: string }> {
  if (!existsSync(tokenDir)) throw unavailable('token-missing', { path: tokenDir })
  const path = join(tokenDir, CONFIG_NAME)
  const text = `directories.tokendir = ${tokenDir}\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n`
  const known = existsSync(path) ? await readFile(path, 'utf8') : null
  if (known !== text) {
    // Put in place whole: another process of this instance may be reading it just now.
    const aside = `${path}.${randomBytes(6).toString('hex')}.part`
    await writeNewFile(aside, Buffer.from(text))
    await rename(aside, path)
  }
  return { SOFTHSM2_CONF: path }
}

/** Makes the token folder, and points this very process to it. Before anything here loads the library. */
export async function prepareSoftHsm(tokenDir: string): Promise<void> {
  await makePrivateFolder(tokenDir)
  Object.assign(process.env, await softHsmEnvironment(tokenDir))
}

export interface SoftHsmToken {
  readonly libraryPath: string
  readonly tokenDir: string
  readonly label: string
  /** Both are made with random PINs, owner only, where they are missing. */
  readonly pinFile: string
  readonly soPinFile: string
}

/**
 * Makes a private SoftHSM2 token, or finishes one that was begun, or finds it made; durable when it returns.
 * Order: PIN files, then the token, then its user PIN. Dying after the files costs nothing; dying before the user PIN
 * leaves a token without one, which the next call sets with the same files. PINs are random and never printed.
 * Throws HSM_UNAVAILABLE.
 */
export async function initSoftHsmToken(token: SoftHsmToken): Promise<'made' | 'existing'> {
  await prepareSoftHsm(token.tokenDir)
  await ensureSecretFile(token.soPinFile)
  await ensureSecretFile(token.pinFile)
  const soPin = await readSecretFile(token.soPinFile, 'pin-missing')
  const pin = await readSecretFile(token.pinFile, 'pin-missing')
  const cryptoki = acquireModule(token.libraryPath)
  try {
    return initToken(cryptoki, token.label, soPin, pin)
  } catch (error) {
    throw translate(error)
  } finally {
    releaseModule(token.libraryPath)
  }
}

function initToken(cryptoki: Cryptoki, label: string, soPin: string, pin: string): 'made' | 'existing' {
  let slot = findTokenSlot(cryptoki, label)
  if (!slot) {
    const empty = cryptoki.C_GetSlotList(true).find((slot) => !isInitialized(cryptoki, slot))
    if (!empty) throw unavailable('token-missing', { label })
    cryptoki.C_InitToken(empty, soPin, padTokenLabel(label))
    slot = findTokenSlot(cryptoki, label)
    if (!slot) throw unavailable('token-missing', { label })
  }
  if ((cryptoki.C_GetTokenInfo(slot).flags & pkcs11js.CKF_USER_PIN_INITIALIZED) !== 0) return 'existing'
  const session = cryptoki.C_OpenSession(slot, pkcs11js.CKF_SERIAL_SESSION | pkcs11js.CKF_RW_SESSION)
  try {
    cryptoki.C_Login(session, pkcs11js.CKU_SO, soPin)
    cryptoki.C_InitPIN(session, pin)
    cryptoki.C_Logout(session)
  } finally {
    cryptoki.C_CloseSession(session)
  }
  return 'made'
}

const isInitialized = (cryptoki: Cryptoki, slot: Handle): boolean =>
  (cryptoki.C_GetTokenInfo(slot).flags & pkcs11js.CKF_TOKEN_INITIALIZED) !== 0
