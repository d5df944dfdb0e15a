import { AppError } from '../../shared/contract/errors.ts'
import {
  addSigner,
  cmsHashFor,
  keyAlgorithmOf,
  parseCertificate,
  parseCrl,
  PkiError,
  prepareSignedAttributes,
  readCadesNeeds,
  signatureAlgorithmFor,
  verifyCadesSigners,
  verifyPath,
  type Certificate,
  type HashName,
  type SignatureAlgorithm,
  type VerifiedCades,
} from '../../shared/pki/index.ts'
import { raiseCades } from './cades-levels.ts'
import type { Lasting } from './lasting.ts'
import type { Content, SecondMade, SecondPrepared, SignatureLevel } from './signatures.ts'

/** Who may sign beside us: those whose certificates our own CA issued. */
export interface SecondTrust {
  /** Whom the signatures made here lead to: the root of our CA, and those of certificates put in. */
  anchors(): Promise<readonly Certificate[]>
  /** DER: issuing CA first, root last. */
  chain(): Promise<readonly Uint8Array[]>
  /** DER, the current ones. */
  lists(): Promise<readonly Uint8Array[]>
}

/** What the second key is to sign. The first signature has to stand over this content: nobody signs beside a broken one. */
export async function prepareSecond(
  cms: Uint8Array,
  content: Content,
  der: Uint8Array,
  trust: SecondTrust,
  lasting: Lasting,
): Promise<SecondPrepared> {
  const certificate = parseCertificate(der)
  await pathOf(certificate, trust, lasting)
  const algorithm = algorithmFor(certificate)
  const [first] = await judge(cms, content, trust, lasting)
  if (!first) throw new AppError('SIGNING_INPUT_INVALID', { reason: 'signer-count' })
  if (readCadesNeeds(cms).signers.some((one) => one.certificate && Buffer.compare(one.certificate.der, der) === 0)) {
    throw new AppError('SIGNING_INPUT_INVALID', { reason: 'signed-already' })
  }
  const contentDigest = (await content.contentHash(cmsHashFor(algorithm))).digest()
  const { mimeType } = first.signed
  const signedAttributes = prepareSignedAttributes({
    algorithm,
    certificate: der,
    contentDigest,
    signingTime: lasting.now(),
    ...(mimeType === null ? {} : { mimeType }),
  })
  return { signedAttributes, algorithm }
}

/** Puts it beside, makes it last, and reads all of it again. */
export async function addSecond(
  wanted: {
    readonly signature: Uint8Array
    readonly content: Content
    readonly made: SecondMade
    readonly level: SignatureLevel
  },
  trust: SecondTrust,
  lasting: Lasting,
): Promise<Uint8Array> {
  const { signature: cms, content, made, level } = wanted
  const certificate = parseCertificate(made.certificate)
  const path = await pathOf(certificate, trust, lasting)
  const algorithm = algorithmFor(certificate)
  const chain = path.slice(1).map(({ der }) => der)
  const both = addSigner(cms, { ...made, algorithm, chain })
  const { signature: signer } = made
  const raised = await raiseCades({ cms: both, content, level, path, signer }, lasting)
  await judge(raised, content, trust, lasting)
  return raised
}

/** Every signer, over this content, by one of ours. Throws PkiError of the first that is refused. */
async function judge(
  cms: Uint8Array,
  content: Content,
  trust: SecondTrust,
  lasting: Lasting,
): Promise<readonly VerifiedCades[]> {
  const { hashes } = readCadesNeeds(cms)
  const known = new Map<HashName, Uint8Array>()
  for (const hash of hashes) known.set(hash, (await content.contentHash(hash)).digest())
  const judged = verifyCadesSigners({
    cms,
    digestOf: (hash) => known.get(hash) ?? new Uint8Array(0),
    anchors: await trust.anchors(),
    timeStampAnchors: lasting.timeStampAnchors,
    revocation: 'none',
    now: lasting.now(),
  })
  return judged.map(({ verified, refusal }) => {
    if (refusal) throw refusal
    return verified
  })
}

async function pathOf(leaf: Certificate, trust: SecondTrust, lasting: Lasting): Promise<readonly Certificate[]> {
  const chain = (await trust.chain()).map((one) => parseCertificate(one))
  const crls = (await trust.lists()).map((one) => parseCrl(one))
  try {
    const { path } = verifyPath({
      leaf,
      intermediates: chain.slice(0, -1),
      anchors: chain.slice(-1),
      at: lasting.now(),
      requiredKeyUsage: ['contentCommitment'],
      revocation: 'require',
      crls,
    })
    return path
  } catch (error) {
    if (!(error instanceof PkiError)) throw error
    throw new AppError('SIGNING_CERTIFICATE_UNUSABLE', { reason: error.reason }, { cause: error })
  }
}

function algorithmFor({ key }: Certificate): SignatureAlgorithm {
  const name = keyAlgorithmOf(key)
  if (!name) throw new AppError('SIGNING_CERTIFICATE_UNUSABLE', { reason: 'unsupported-algorithm' })
  return signatureAlgorithmFor(name)
}
