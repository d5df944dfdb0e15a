import { ContentHashes, readXadesNeeds, verifyXades, type HashState } from '../ades/index.ts'
import { verifyPades } from '../pades/index.ts'
import { SignatureLevel } from '../contract/routes/exports.ts'
import { digest, OID, PkiError, readCadesNeeds, toHex, verifyCadesSigners } from '../pki/index.ts'
import type { Certificate, HashName, VerifiedTimeStamp } from '../pki/index.ts'
import { judge } from './indication.ts'
import { failed, passed, type Check, type CheckName, type Facts } from './report.ts'
import type { Trust } from './trust.ts'

/** What a signature that stands proves, in any of the three formats. */
interface Proved {
  readonly signed: {
    readonly signerCertificate: Certificate
    readonly signingTime?: Date | null
    readonly signatureAlgorithm: string
  }
  readonly level: string
  readonly provedAt: Date | null
  readonly path: readonly Certificate[]
  readonly signatureTimeStamps: readonly VerifiedTimeStamp[]
  readonly archiveTimeStamps?: readonly VerifiedTimeStamp[]
}

const LEVELS: readonly string[] = SignatureLevel.options

export interface SignatureAbout {
  readonly check: CheckName
  readonly format: 'CAdES' | 'XAdES' | 'PAdES'
  /** The level the server's signature is said to have; left out: any will do. */
  readonly ordered?: SignatureLevel
}

const commonName = ({ subject }: Certificate): string =>
  subject.attributes.find(({ type }) => type === 'CN')?.value ?? subject.text
const iso = (time: Date | null | undefined): string | null => time?.toISOString() ?? null

const factsOf = (proved: Proved, format: string): Facts => {
  const { signerCertificate, signatureAlgorithm, signingTime } = proved.signed
  const stamps = [...proved.signatureTimeStamps, ...(proved.archiveTimeStamps ?? [])]
  return {
    format,
    level: proved.level,
    signer: signerCertificate.subject.text,
    issuer: signerCertificate.issuer.text,
    serial: signerCertificate.serial,
    certificate: toHex(digest('sha256', signerCertificate.der)),
    anchor: proved.path.at(-1)?.subject.text ?? null,
    algorithm: signatureAlgorithm,
    claimedAt: iso(signingTime),
    provedAt: iso(proved.provedAt),
    timeStamps: stamps.length,
    stampedAt: iso(stamps.map(({ genTime }) => genTime).sort((a, b) => b.getTime() - a.getTime())[0]),
  }
}

/**
 * EN 319 102-1 5.2.8: what this verifier asks of a signer beside a path. Of an export more than of any file: the
 * authority that vouches for it may vouch for servers and for people's sign-in too, whose keys must not make exports.
 */
const constraintOf = ({ signed, path }: Proved, check: CheckName): string | null => {
  const { keyUsage } = signed.signerCertificate
  const isForSigning = keyUsage === null || keyUsage.has('digitalSignature') || keyUsage.has('contentCommitment')
  const isForExports = check === 'signature' || keyUsage?.has('contentCommitment') === true
  if (!isForSigning || !isForExports) return 'key-usage'
  return path.length > 0 ? null : 'path'
}

/**
 * Of all signers one must be the server: whom the caller names, or who may seal documents (RFC 9336). A person who signs
 * beside it adds a name; alone, whoever holds a card of the same authority could make any export they like.
 */
const missingSealOf = (all: readonly Proved[], trust: Trust, check: CheckName): string | null => {
  if (!trust.signers && check === 'signature') return null
  if (all.some((one) => isSeal(one, trust))) return null
  return trust.signers ? 'signer' : 'no-seal'
}

const isSeal = ({ signed: { signerCertificate: one } }: Proved, { signers }: Trust): boolean =>
  signers
    ? signers.includes(toHex(digest('sha256', one.der)))
    : one.extendedKeyUsage?.includes(OID.documentSigning) === true

/** A person signs beside the server at whatever level; the server at what it was ordered to, or above. */
const isBelow = (one: Proved, { ordered }: SignatureAbout, trust: Trust): boolean =>
  ordered !== undefined && isSeal(one, trust) && LEVELS.indexOf(one.level) < LEVELS.indexOf(ordered)

const checksOf = (about: SignatureAbout, all: readonly (Proved | Check)[], trust: Trust): readonly Check[] => {
  const { check, format, ordered } = about
  const proved = all.filter((one): one is Proved => !('check' in one))
  const missing = missingSealOf(proved, trust, check)
  return all.map((one) => {
    if ('check' in one) return one
    const subject = commonName(one.signed.signerCertificate)
    const facts = factsOf(one, format)
    const reason = constraintOf(one, check) ?? missing
    const isLow = reason === null && isBelow(one, about, trust)
    if (reason === null && !isLow) return passed({ check, subject, facts })
    const [sub, indication] = ['SIG_CONSTRAINTS_FAILURE', 'INDETERMINATE'] as const
    const failure = { check, subject, sub, indication, clause: 'ETSI EN 319 102-1 5.2.8' }
    // A time-stamp that cannot be judged is refused as such above: what is low here has none, or lacks what lets it last.
    if (isLow)
      return failed({ ...failure, code: 'differs', facts: { ...facts, ordered: ordered ?? null, reason: 'level' } })
    return failed({ ...failure, facts: { ...facts, reason } })
  })
}

const refusal = ({ check, format }: SignatureAbout, error: unknown, subject: string | null = null): Check => {
  const { subIndication: sub, indication, reason, clause, detail } = judge(error)
  return failed({ check, subject, sub, indication, clause, facts: { ...detail, format, reason } })
}

/** What `shared/pki` is asked with. */
const trustOptions = (trust: Trust): Omit<Trust, 'signers'> => {
  const { signers: _, ...options } = trust
  return options
}

/** Each signer of a CAdES signature, judged by itself. `digestOf`: of the content of a detached one. */
export const checkCades = (
  about: SignatureAbout,
  cms: Uint8Array,
  digestOf: ((hash: HashName) => Uint8Array) | undefined,
  trust: Trust,
): readonly Check[] => {
  try {
    const { signers, attached } = readCadesNeeds(cms)
    // It would be over what it brings, whatever the file is.
    if (attached && digestOf) throw new PkiError('content-mismatch', 'RFC 5652 5.2: not detached')
    const judged = verifyCadesSigners({ ...trustOptions(trust), cms, ...(digestOf ? { digestOf } : {}) })
    const found = judged.map(({ verified, refusal: refused }, place) => {
      const own = signers[place]?.certificate
      return verified ?? refusal(about, refused, own ? commonName(own) : null)
    })
    return checksOf(about, found, trust)
  } catch (error) {
    return [refusal(about, error)]
  }
}

/** By which hashes the content of a detached CAdES signature is asked for; none where that cannot be read. */
export const cadesHashes = (cms: Uint8Array): readonly HashName[] => {
  try {
    return readCadesNeeds(cms).hashes
  } catch (error) {
    // Told when it is verified.
    if (error instanceof PkiError) return []
    throw error
  }
}

export const xadesHashes = (xml: Uint8Array): readonly HashName[] => {
  try {
    return readXadesNeeds(xml).hashes
  } catch (error) {
    judge(error)
    return []
  }
}

/** An XAdES signature; `content`: of a detached one, with the names it may have. */
export const checkXades = (
  about: SignatureAbout,
  xml: Uint8Array,
  content: { readonly contentHash: (hash: HashName) => HashState; readonly names: readonly string[] | null } | null,
  trust: Trust,
): readonly Check[] => {
  try {
    const verified = verifyXades({
      ...trustOptions(trust),
      xml,
      ...(content ? { contentHash: content.contentHash } : {}),
    })
    const isNamed = content?.names?.includes(verified.contentUri ?? '') ?? true
    if ((content !== null) !== (verified.form === 'detached') || !isNamed) {
      const facts = { format: about.format, reason: 'content-name', name: verified.contentUri }
      return [failed({ check: about.check, sub: 'SIG_CONSTRAINTS_FAILURE', indication: 'INDETERMINATE', facts })]
    }
    return checksOf(about, [verified], trust)
  } catch (error) {
    return [refusal(about, error)]
  }
}

/** Every signature and document time-stamp of a PDF; the newest must cover all of it. */
export const checkPades = (about: SignatureAbout, pdf: Uint8Array, trust: Trust): readonly Check[] => {
  try {
    const { signatures } = verifyPades({ ...trustOptions(trust), pdf })
    const found = signatures.map((one) => ({ ...one, signed: { ...one.signed, signingTime: one.claimedAt } }))
    return checksOf(about, found, trust)
  } catch (error) {
    return [refusal(about, error)]
  }
}

/** A content taken once for all the hashes named; `digestOf` refuses those that were not. */
export class ContentDigests {
  readonly #hashes: ContentHashes

  constructor(hashes: readonly HashName[]) {
    this.#hashes = new ContentHashes([...new Set(hashes)])
  }

  update(piece: Uint8Array): void {
    this.#hashes.update(piece)
  }

  readonly contentHash = (hash: HashName): HashState => this.#hashes.contentHash(hash)
  readonly digestOf = (hash: HashName): Uint8Array => this.#hashes.contentHash(hash).digest()
}
