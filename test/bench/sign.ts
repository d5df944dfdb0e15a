import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pkcs11js from 'pkcs11js'
import { findSoftHsmLibrary, initSoftHsmToken, openKeyStore, toExternalSigner } from '../../server/hsm/index.ts'
import type { KeyStore, Signer } from '../../server/hsm/index.ts'
import {
  cmsHashFor,
  digest,
  encodeName,
  signCertificate,
  signDigest,
  verifyDetachedSignature,
  type ExternalSigner,
} from '../../shared/pki/index.ts'
import { alternate, round, type Figure } from './figure.ts'

const ROUND_MS = 1500
const SESSIONS = 4
/** CAdES signatures on their way at once, as of many exports; the module has as many sessions either way. */
const AT_ONCE = 128

interface Token {
  readonly libraryPath: string
  readonly tokenDir: string
  readonly label: string
  readonly pinFile: string
  readonly soPinFile: string
}

/** Runs `work` in so many lanes until the time is up; gives how often it was done in a second. */
const perSecond = async (lanes: number, work: (lane: number) => Promise<void>): Promise<number> => {
  const from = performance.now()
  let count = 0
  const lane = async (place: number): Promise<void> => {
    while (performance.now() - from < ROUND_MS) {
      await work(place)
      count++
    }
  }
  await Promise.all(Array.from({ length: lanes }, (_, place) => lane(place)))
  return (count / (performance.now() - from)) * 1000
}

/** The same key in the module itself, loaded here: C_SignInit and C_SignAsync over a digest, and nothing else. */
const openRaw = (token: Token, keyLabel: string, mechanism: number, input: Buffer) => {
  const cryptoki = new pkcs11js.PKCS11()
  cryptoki.load(token.libraryPath)
  cryptoki.C_Initialize({ flags: pkcs11js.CKF_OS_LOCKING_OK })
  const slot = cryptoki.C_GetSlotList(true).find((one) => cryptoki.C_GetTokenInfo(one).label.trimEnd() === token.label)
  if (!slot) throw new Error('the token is not there')
  const sessions = Array.from({ length: SESSIONS }, () => cryptoki.C_OpenSession(slot, pkcs11js.CKF_SERIAL_SESSION))
  const [first] = sessions as [Buffer, ...Buffer[]]
  cryptoki.C_Login(first, pkcs11js.CKU_USER, readFileSync(token.pinFile, 'utf8').trim())
  cryptoki.C_FindObjectsInit(first, [
    { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_PRIVATE_KEY },
    { type: pkcs11js.CKA_LABEL, value: keyLabel },
  ])
  const [key] = cryptoki.C_FindObjects(first, 1) as [Buffer]
  cryptoki.C_FindObjectsFinal(first)
  return {
    sign: async (lane: number): Promise<void> => {
      const session = sessions[lane] as Buffer
      cryptoki.C_SignInit(session, { mechanism }, key)
      await cryptoki.C_SignAsync(session, input, Buffer.alloc(512))
    },
    close: (): void => {
      cryptoki.C_Finalize()
      cryptoki.close()
    },
  }
}

const certify = (signer: Signer, external: ExternalSigner): Promise<Uint8Array> => {
  const name = encodeName([{ type: 'CN', value: 'bench' }])
  const [notBefore, notAfter] = [new Date(Date.now() - 60_000), new Date(Date.now() + 86_400_000)]
  const spki = signer.publicKeySpki()
  return signCertificate({ serial: '01', issuer: name, subject: name, notBefore, notAfter, spki }, external)
}

const measure = async (token: Token, keys: KeyStore, signer: Signer, mechanism: number) => {
  const external = toExternalSigner(signer)
  const certificate = await certify(signer, external)
  const contentDigest = digest(cmsHashFor(external.algorithm), new TextEncoder().encode('an export'))
  const make = () => signDigest({ contentDigest, signer: external, certificate, signingTime: new Date() })
  verifyDetachedSignature(await make(), () => contentDigest)
  const raw = openRaw(token, signer.label, mechanism, Buffer.alloc(mechanism === pkcs11js.CKM_ECDSA ? 32 : 51, 7))
  try {
    return await alternate(
      () => perSecond(AT_ONCE, async () => void (await make())),
      () => perSecond(SESSIONS, raw.sign),
    )
  } finally {
    raw.close()
  }
}

/** CAdES B-B with keys of SoftHSM2 in the process of their own, against the module's C_SignAsync with the same key. */
export async function* benchSign(): AsyncIterable<Figure> {
  const libraryPath = findSoftHsmLibrary()
  if (libraryPath === null) {
    process.stderr.write('SoftHSM2 is not installed: sign.cades is not measured\n')
    return
  }
  const folder = mkdtempSync(join(tmpdir(), 'countersign-sign-'))
  const place = { tokenDir: join(folder, 'tokens'), pinFile: join(folder, 'pin'), soPinFile: join(folder, 'so-pin') }
  const token = { libraryPath, label: 'bench', ...place }
  await initSoftHsmToken(token)
  const { tokenDir, pinFile } = token
  const config = { kind: 'hsm', libraryPath, tokenLabel: 'bench', pinFile, softHsmTokenDir: tokenDir } as const
  const keys = await openKeyStore({ ...config, sessions: SESSIONS })
  try {
    for (const [name, algorithm, mechanism, bar] of [
      ['sign.cades', 'ecdsa-p256', pkcs11js.CKM_ECDSA, { min: 0.8 }],
      ['sign.cades.rsa', 'rsa-3072', pkcs11js.CKM_RSA_PKCS, null],
    ] as const) {
      const { ours, theirs, ratio } = await measure(token, keys, await keys.generate(algorithm, algorithm), mechanism)
      yield {
        name,
        value: round(ours),
        unit: '1/s',
        ratio: round(ratio),
        against: `C_SignAsync, ${algorithm} (${round(theirs)}/s)`,
        bar,
      }
    }
  } finally {
    await keys.close()
    rmSync(folder, { recursive: true, force: true })
  }
}
