import { existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, sep } from 'node:path'
import type * as Pkcs11 from 'pkcs11js'
import { AppError } from '../../../shared/contract/errors.ts'
import type { CardKeyAlgorithm, Slot } from '../../../shared/contract/words.ts'
import type { ModuleEntry } from '../card-table.ts'
import { algorithmOf, digestOf, SHA256_DIGEST_INFO } from '../piv/keys.ts'
import type { ModuleSigner } from '../stack/card-stack.ts'
import { moduleError } from './module-error.ts'

/** The first module of the table whose library is on this machine; null where there is none. */
export function openModule(modules: readonly ModuleEntry[], platform: string = process.platform): ModuleSigner | null {
  for (const entry of modules) {
    const path = (entry.paths[platform] ?? []).flatMap(expand).find((file) => existsSync(file))
    if (path !== undefined) return { available: () => true, sign: (request) => signByModule(path, entry, request) }
  }
  return null
}

interface Open {
  module: Pkcs11.PKCS11
  constants: typeof Pkcs11
  session: Buffer
}

/**
 * One signature through a PKCS#11 v2.40 module: library initialised, session opened, key found, signed, library
 * finalised; nothing is kept, so a session is never used after an error. May block for ever (a card pulled inside a
 * command): run it only where the process can be killed. The caller resets the card afterwards.
 */
async function signByModule(
  path: string,
  entry: ModuleEntry,
  request: Parameters<ModuleSigner['sign']>[0],
): ReturnType<ModuleSigner['sign']> {
  const constants = createRequire(import.meta.url)('pkcs11js') as typeof Pkcs11
  const module = new constants.PKCS11()
  try {
    module.load(path)
    module.C_Initialize()
  } catch (error) {
    throw moduleError(error)
  }
  try {
    const slot = findSlot(module, request.reader)
    const session = module.C_OpenSession(slot, constants.CKF_SERIAL_SESSION)
    return await signInSession({ module, constants, session }, entry, request)
  } catch (error) {
    throw moduleError(error)
  } finally {
    finalize(module)
  }
}

async function signInSession(
  open: Open,
  entry: ModuleEntry,
  request: Parameters<ModuleSigner['sign']>[0],
): ReturnType<ModuleSigner['sign']> {
  const { module, constants, session } = open
  const id = Buffer.from(entry.keyIds[request.slot], 'hex')
  const certificate = readCertificate(open, id, request.slot)
  const algorithm = algorithmOf(certificate)
  module.C_Login(session, constants.CKU_USER, request.pin)
  const key = findObject(open, constants.CKO_PRIVATE_KEY, id)
  if (key === null) throw new AppError('CERTIFICATE_NOT_FOUND', { slot: request.slot, reason: 'no-private-key' })
  const { mechanism, input, bytes } = signingInput(constants, algorithm, request.data)
  module.C_SignInit(session, { mechanism }, key)
  // 9C asks for the PIN at each signature (CKA_ALWAYS_AUTHENTICATE).
  if (asksEachTime(open, key)) module.C_Login(session, constants.CKU_CONTEXT_SPECIFIC, request.pin)
  const raw = await module.C_SignAsync(session, input, Buffer.alloc(bytes))
  return { signature: algorithm === 'rsa-2048' ? Uint8Array.from(raw) : rawToDer(raw), certificate }
}

/** OpenSC and others name the slot after the reader, cut or padded to 64 characters. */
function findSlot(module: Pkcs11.PKCS11, reader: string): Pkcs11.Handle {
  const name = reader.slice(0, 64).trim()
  const slot = module.C_GetSlotList(true).find((one) => module.C_GetSlotInfo(one).slotDescription.trim() === name)
  if (slot === undefined) throw new AppError('CARD_NOT_PRESENT', { reader })
  return slot
}

function readCertificate(open: Open, id: Buffer, slot: Slot): Uint8Array {
  const { module, constants, session } = open
  const found = findObject(open, constants.CKO_CERTIFICATE, id)
  if (found === null) throw new AppError('CERTIFICATE_NOT_FOUND', { slot })
  const [attribute] = module.C_GetAttributeValue(session, found, [{ type: constants.CKA_VALUE }])
  return Uint8Array.from(attribute?.value as Buffer)
}

function findObject({ module, constants, session }: Open, kind: number, id: Buffer): Pkcs11.Handle | null {
  module.C_FindObjectsInit(session, [
    { type: constants.CKA_CLASS, value: kind },
    { type: constants.CKA_ID, value: id },
  ])
  try {
    return module.C_FindObjects(session, 1)[0] ?? null
  } finally {
    module.C_FindObjectsFinal(session)
  }
}

function asksEachTime({ module, constants, session }: Open, key: Pkcs11.Handle): boolean {
  const [attribute] = module.C_GetAttributeValue(session, key, [{ type: constants.CKA_ALWAYS_AUTHENTICATE }])
  return (attribute?.value as Buffer | undefined)?.[0] === 1
}

/** The module gets the digest (in DigestInfo for RSA), so that every card is asked for the same raw operation. */
function signingInput(
  constants: typeof Pkcs11,
  algorithm: CardKeyAlgorithm,
  data: Uint8Array,
): { mechanism: number; input: Buffer; bytes: number } {
  const digest = Buffer.from(digestOf(algorithm, data))
  if (algorithm === 'rsa-2048')
    return { mechanism: constants.CKM_RSA_PKCS, input: Buffer.concat([SHA256_DIGEST_INFO, digest]), bytes: 256 }
  return { mechanism: constants.CKM_ECDSA, input: digest, bytes: algorithm === 'ecdsa-p256' ? 64 : 96 }
}

/** r‖s of PKCS#11 as ECDSA-Sig-Value (RFC 3279 §2.2.3). */
export function rawToDer(raw: Uint8Array): Uint8Array {
  const half = raw.length / 2
  const integer = (bytes: Uint8Array): number[] => {
    let at = 0
    while (at < bytes.length - 1 && bytes[at] === 0) at++
    const rest = [...bytes.subarray(at)]
    const value = (rest[0] ?? 0) >= 0x80 ? [0, ...rest] : rest
    return [0x02, value.length, ...value]
  }
  const body = [...integer(raw.subarray(0, half)), ...integer(raw.subarray(half))]
  return Uint8Array.from([0x30, body.length, ...body])
}

function finalize(module: Pkcs11.PKCS11): void {
  try {
    module.C_Finalize()
    module.close()
  } catch (error) {
    // A module that cannot even end is left to the end of the process; the call's own outcome stands.
    if (!(error instanceof Error)) throw error
  }
}

/** `*` in a path stands for any one folder. */
function expand(pattern: string): string[] {
  const star = pattern.indexOf('*')
  if (star < 0) return [pattern]
  const before = pattern.slice(0, star)
  const after = pattern.slice(star + 1)
  if (!existsSync(before)) return []
  return readdirSync(before, { withFileTypes: true })
    .filter((item) => item.isDirectory())
    .map((item) => join(before, item.name, after.startsWith(sep) ? after.slice(1) : after))
}
