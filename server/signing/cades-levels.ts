import {
  addArchiveTimeStamp,
  addSignatureTimeStamp,
  addValidationData,
  prepareArchiveTimeStamp,
  readCadesNeeds,
  signatureImprint,
  type CadesSigner,
  type Certificate,
} from '../../shared/pki/index.ts'
import { endOfToken, type Lasting } from './lasting.ts'
import type { Content, SignatureLevel } from './signatures.ts'

export interface CadesToRaise {
  readonly cms: Uint8Array
  readonly content: Content
  readonly level: SignatureLevel
  /** Of the signer meant, leaf first. */
  readonly path: readonly Certificate[]
  /** The signature value of the signer meant; left out where there is one. */
  readonly signer?: Uint8Array
}

/** A B-B made to last (ETSI EN 319 122-1 6.3): nothing that is there changes, of no signer. */
export async function raiseCades({ cms, content, level, path, signer }: CadesToRaise, lasting: Lasting) {
  if (level === 'B-B') return cms
  lasting.assertStamped(level)
  const { hash } = signerOf(cms, signer)
  const stamped = await lasting.stamp(signatureImprint(cms, hash, signer))
  const timed = addSignatureTimeStamp(cms, stamped.token, signer)
  if (level === 'B-T') return timed
  const data = await lasting.dataFor([path, stamped.verified.path], stamped.verified.genTime)
  const withData = addValidationData(timed, data)
  return level === 'B-LT' ? withData : archive(withData, content, lasting, signer)
}

/** Another archive time-stamp for every signer that has one, with the data for the authorities of the last ones. */
export async function renewCades(cms: Uint8Array, content: Content, lasting: Lasting): Promise<Uint8Array> {
  let renewed = cms
  for (const { signature, archiveTimeStamps, signatureTimeStamps } of readCadesNeeds(cms).signers) {
    const newest = newestOf([...signatureTimeStamps, ...archiveTimeStamps])
    if (!newest) continue
    const path = lasting.pathOf(newest, readCadesNeeds(renewed).carried.certificates)
    renewed = addValidationData(renewed, await lasting.dataFor([path], lasting.now()))
    renewed = await archive(renewed, content, lasting, signature)
  }
  return renewed
}

/** When the first of the newest time-stamps ends; null where a signer has none. */
export function endOfCades(cms: Uint8Array): Date | null {
  const ends = readCadesNeeds(cms).signers.map(({ signatureTimeStamps, archiveTimeStamps }) => {
    const newest = newestOf([...signatureTimeStamps, ...archiveTimeStamps])
    return newest ? endOfToken(newest).getTime() : null
  })
  const known = ends.filter((end) => end !== null)
  return known.length > 0 ? new Date(Math.min(...known)) : null
}

const newestOf = (tokens: readonly Uint8Array[]): Uint8Array | undefined =>
  [...tokens].sort((a, b) => endOfToken(a).getTime() - endOfToken(b).getTime()).at(-1)

async function archive(cms: Uint8Array, content: Content, lasting: Lasting, signer?: Uint8Array): Promise<Uint8Array> {
  const { hash } = signerOf(cms, signer)
  const contentDigest = (await content.contentHash(hash)).digest()
  const { imprint, hashIndex } = prepareArchiveTimeStamp(cms, contentDigest, hash, signer)
  const stamped = await lasting.stamp(imprint)
  const archived = addArchiveTimeStamp(cms, stamped.token, hashIndex, signer)
  // Of an authority that the signature knows nothing of yet (the next of the list) the data comes along; it needs no
  // time-stamp over it as long as that authority answers, and gets one at the next renewal.
  const { certificates } = readCadesNeeds(cms).carried
  const isKnown = certificates.some((der) => Buffer.compare(der, stamped.verified.authority.der) === 0)
  if (isKnown) return archived
  return addValidationData(archived, await lasting.dataFor([stamped.verified.path], stamped.verified.genTime))
}

function signerOf(cms: Uint8Array, signer: Uint8Array | undefined): CadesSigner {
  const { signers } = readCadesNeeds(cms)
  const found = signer ? signers.find((one) => Buffer.compare(one.signature, signer) === 0) : signers[0]
  if (!found) throw new TypeError('the signer named is not in the signature')
  return found
}
