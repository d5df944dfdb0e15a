import {
  addXadesArchiveTimeStamp,
  addXadesSignatureTimeStamp,
  addXadesValidationData,
  readXadesNeeds,
  xadesArchiveImprint,
  xadesSignatureImprint,
  type ContentHash,
} from '../../shared/ades/index.ts'
import type { Certificate, HashName } from '../../shared/pki/index.ts'
import { endOfToken, type Lasting } from './lasting.ts'
import type { Content, SignatureLevel } from './signatures.ts'

export interface XadesToRaise {
  readonly xml: Uint8Array
  /** Null for an enveloped signature inside its whole document. */
  readonly content: Content | null
  readonly level: SignatureLevel
  readonly path: readonly Certificate[]
  readonly hash: HashName
}

/** A B-B made to last (ETSI EN 319 132-1 6.3): each step puts text in and changes none that was there. */
export async function raiseXades({ xml, content, level, path, hash }: XadesToRaise, lasting: Lasting) {
  if (level === 'B-B') return xml
  lasting.assertStamped(level)
  const stamped = await lasting.stamp(xadesSignatureImprint(xml, hash))
  const timed = addXadesSignatureTimeStamp(xml, stamped.token)
  if (level === 'B-T') return timed
  const data = await lasting.dataFor([path, stamped.verified.path], stamped.verified.genTime)
  const withData = addXadesValidationData(timed, data)
  return level === 'B-LT' ? withData : archive(withData, content, hash, lasting)
}

/** Another archive time-stamp, with the data for the authority of the last one. */
export async function renewXades(xml: Uint8Array, content: Content | null, lasting: Lasting): Promise<Uint8Array> {
  const { timeStamps, carried, hashes } = readXadesNeeds(xml)
  const newest = timeStamps.at(-1)
  const [hash] = hashes
  if (!newest || !hash) return xml
  const path = lasting.pathOf(newest, carried.certificates)
  const withData = addXadesValidationData(xml, await lasting.dataFor([path], lasting.now()))
  return archive(withData, content, hash, lasting)
}

export function endOfXades(xml: Uint8Array): Date | null {
  const newest = readXadesNeeds(xml).timeStamps.at(-1)
  return newest ? endOfToken(newest) : null
}

async function archive(
  xml: Uint8Array,
  content: Content | null,
  hash: HashName,
  lasting: Lasting,
): Promise<Uint8Array> {
  const stamped = await lasting.stamp(
    xadesArchiveImprint(xml, hash, content ? await statesOf(content, hash) : undefined),
  )
  const archived = addXadesArchiveTimeStamp(xml, stamped.token)
  const { certificates } = readXadesNeeds(xml).carried
  const isKnown = certificates.some((der) => Buffer.compare(der, stamped.verified.authority.der) === 0)
  if (isKnown) return archived
  return addXadesValidationData(archived, await lasting.dataFor([stamped.verified.path], stamped.verified.genTime))
}

/** `shared/ades` asks at once: the one hash it will ask for is taken before. */
export async function statesOf(content: Content, hash: HashName): Promise<ContentHash> {
  const state = await content.contentHash(hash)
  return (wanted) => {
    if (wanted !== hash) throw new TypeError(`the content was not digested by ${wanted}`)
    return state.copy()
  }
}
